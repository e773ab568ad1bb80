import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AllActivities, ReasonInput } from '../../src/activities/contract.ts';
import { createMaliciousModel, type MaliciousModel, type Targets } from '../fakes/malicious-model.ts';
import { isReadable, listRefusals } from '../fakes/readable.ts';
import { createCaseActivities } from './case-activities.ts';

/** What happened in all incidents, seen from outside of the workflows. */
export interface Ledger {
  answers: number;
  refusals: number;
  questions: number;
  readonly byKind: Record<string, number>;
  /** Approvals that came when it was too late. */
  late: number;
  /** Plan digests that a person of the test approved, before the approval was sent. */
  readonly approved: Set<string>;
  /** Plan digests for which an action was asked of the remediate queue, and for which it was let through. */
  readonly scheduled: string[];
  readonly performed: string[];
  /** Requests without a right to act that the last judgement before an action refused, as it must. */
  gateRefusals: number;
  readonly faults: string[];
}

export function startLedger(): Ledger {
  const counts = { answers: 0, refusals: 0, questions: 0, late: 0, gateRefusals: 0 };
  return { ...counts, byKind: {}, approved: new Set(), scheduled: [], performed: [], faults: [] };
}

export interface MaliciousWorld {
  readonly ledger: Ledger;
  /**
   * Activities of one more incident: the model's are real, and so are plan and judgement; sources and commands are fakes.
   * @param tellPeople called when a plan waits
   */
  createActivities(seed: number, tellPeople: () => void): Partial<AllActivities>;
  /** Resolves once the model has answered so often. */
  reach(answers: number): Promise<void>;
  stop(): Promise<void>;
}

/**
 * A model that means harm behind HTTP on loopback, for many incidents at once: each asks below the path of its service.
 * @param patience 0 to 1, how much the model would rather ask on than end its round
 */
export async function startMaliciousWorld(patience: number): Promise<MaliciousWorld> {
  const ledger = startLedger();
  const models = new Map<string, { readonly round: number; readonly model: MaliciousModel }>();
  const marks: { readonly answers: number; readonly reached: () => void }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { model } = models.get((request.url ?? '').split('/')[1] ?? '') ?? {};
      for (const text of listRefusals(JSON.parse(Buffer.concat(chunks).toString('utf8')))) noteRefusal(ledger, text);
      if (!model) throw new Error(`Nobody asks below ${request.url}.`);
      const { kind, body } = model.next();
      ledger.answers += 1;
      ledger.byKind[kind] = (ledger.byKind[kind] ?? 0) + 1;
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(body);
      for (const { answers, reached } of marks) if (ledger.answers >= answers) reached();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    ledger,
    createActivities: (seed, tellPeople) => {
      const meet = ({ service, round }: ReasonInput, targets: Targets): void => {
        // Evidence has other ids in another round.
        if (models.get(service)?.round !== round)
          models.set(service, { round, model: createMaliciousModel(seed + round, targets, patience) });
      };
      return createCaseActivities({ url, ledger, tellPeople, meet });
    },
    reach: (answers) => new Promise((reached) => void marks.push({ answers, reached })),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export function noteRefusal(ledger: Ledger, text: string): void {
  ledger.refusals += 1;
  if (!isReadable(text)) ledger.faults.push(`a refusal cannot be read: ${JSON.stringify(text).slice(0, 600)}`);
}
