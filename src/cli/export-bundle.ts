import { writeBundle } from '../adapters/bundle/write.ts';
import type { EvidenceStore } from '../adapters/evidence-store.ts';
import type { LastArgument } from '../client/last-argument.ts';
import type { EvidenceWithBody } from '../domain/diagnosis/engine.ts';
import type { Bundle } from '../domain/evidence/bundle.ts';
import { isUsable, type Evidence, type TimeWindow } from '../domain/evidence/evidence.ts';
import { createRedact, redactDeep, type Redact } from '../domain/redaction.ts';
import { messageOf } from './exit.ts';

/**
 * Writes what an engine argued from as a bundle (docs/bundle.md). Bodies come from the evidence store, redacted before they were kept; what
 * people and senders wrote is redacted here once more, with the rules for secrets whose value nobody has to know.
 * @returns the files, below the folder, and the evidence whose body is lost
 */
export async function exportBundle(
  folder: string,
  { asked }: LastArgument,
  store: Pick<EvidenceStore, 'getBody'>,
): Promise<{ readonly files: readonly string[]; readonly lost: readonly string[] }> {
  const redact = createRedact();
  const evidence = await Promise.all(asked.evidence.map((item) => load(store, item, redact)));
  const window = findWindow(asked.evidence);
  const bundle: Bundle = {
    window,
    incidentFrom: findIncidentFrom(evidence) ?? window.from,
    input: {
      service: asked.service,
      alerts: redactDeep(asked.alerts, redact),
      dependencies: asked.dependencies,
      evidence,
      findings: redactDeep(asked.findings, redact),
      lessons: [],
      guidance: redactDeep(asked.guidance, redact),
      rejected: asked.rejected,
    },
  };
  const files = await writeBundle(folder, bundle);
  const lost = evidence.filter((item) => !isUsable(item.evidence) && item.evidence.digest !== undefined);
  return { files, lost: lost.map((item) => item.evidence.id) };
}

async function load(
  store: Pick<EvidenceStore, 'getBody'>,
  evidence: Evidence,
  redact: Redact,
): Promise<EvidenceWithBody> {
  if (!isUsable(evidence) || evidence.digest === undefined) return { evidence };
  try {
    return { evidence, body: redactDeep(await store.getBody(evidence.digest), redact) };
  } catch (error) {
    const reason = `its body could not be read: ${messageOf(error).slice(0, 200)}`;
    return { evidence: { ...evidence, outcome: 'failed', reason } };
  }
}

/** Of logs, metrics and traces where there are any: changes are looked for further back. */
function findWindow(evidence: readonly Evidence[]): TimeWindow {
  const observed = evidence.filter(({ kind }) => kind === 'logs' || kind === 'metrics' || kind === 'traces');
  const windows = (observed.length > 0 ? observed : evidence).map(({ window }) => window);
  const from = windows.map((window) => window.from).sort()[0] ?? new Date(0).toISOString();
  const to =
    windows
      .map((window) => window.to)
      .sort()
      .at(-1) ?? new Date().toISOString();
  return { from, to };
}

function findIncidentFrom(evidence: readonly EvidenceWithBody[]): string | undefined {
  return evidence.flatMap(({ body }) => (body && 'incidentFrom' in body ? [body.incidentFrom] : [])).sort()[0];
}
