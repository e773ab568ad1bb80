import { toFailure } from '../../../src/activities/failures.ts';
import { createReason } from '../../../src/activities/reason/reason.ts';
import type { AnswerJournal } from '../../../src/adapters/answer-journal.ts';
import { createClaudeEngine } from '../../../src/adapters/claude/engine.ts';
import { readPrompt } from '../../../src/adapters/claude/prompts.ts';
import type { Diagnosis } from '../../../src/domain/diagnosis/diagnosis.ts';
import type { EngineStep } from '../../../src/domain/diagnosis/engine.ts';
import { readInventory, type Inventory } from '../../../src/domain/diagnosis/prompt.ts';
import type { ToolCall } from '../../../src/domain/diagnosis/questions.ts';
import { createBodyStore } from '../../fakes/body-store.ts';
import { createMaliciousModel, type AttackKind } from '../../fakes/malicious-model.ts';
import { isReadable, listRefusals } from '../../fakes/readable.ts';
import { analyst, input } from './case.ts';
import { storeCase } from './drive-reason.ts';

/** What a run of the harness saw. `faults` are broken invariants, with the answer that broke them. */
export interface AttackCounts {
  answers: number;
  rounds: number;
  questions: number;
  refusals: number;
  retries: number;
  stands: Record<string, number>;
  byKind: Record<string, number>;
  faults: string[];
}

const maxSteps = 5;
/** A call is an activity's input: it lies in the history for ever. */
const longestCall = 12_000;

/**
 * Lets a model that means harm answer so often, through the SDK, the engine, its acceptance and the `reason` activity, in one process:
 * the transport below the SDK is a fake (`fetch` answers from the generator), the journal is in memory. Everything above is real.
 */
export async function attackReason(seed: number, answers: number): Promise<AttackCounts> {
  const inventory = readInventory(input);
  const { services, evidenceIds, changes } = inventory;
  const model = createMaliciousModel(seed, { services, evidenceIds, changes });
  const counts = startCounts();
  let kind: AttackKind = 'no message';
  const bodies: string[] = [];
  const restore = replaceFetch((body) => {
    bodies.push(body);
    counts.answers += 1;
    const answer = model.next();
    kind = answer.kind;
    counts.byKind[kind] = (counts.byKind[kind] ?? 0) + 1;
    return answer.body;
  });
  const blame = (why: string) => counts.faults.push(`${kind} (seed ${seed}, answer ${counts.answers}): ${why}`);
  try {
    while (counts.answers < answers) {
      counts.rounds += 1;
      const end = await runRound(counts, inventory, blame).catch((error: unknown) => {
        blame(`it broke the activity: ${String(error).slice(0, 300)}`);
        return undefined;
      });
      if (end) judgeEnd(end, counts, blame);
      for (const text of bodies.splice(0).flatMap((body) => listRefusals(JSON.parse(body)))) {
        counts.refusals += 1;
        if (!isReadable(text)) blame(`a refusal cannot be read: ${JSON.stringify(text).slice(0, 600)}`);
      }
      if ('polluted' in {}) blame('the prototype of all objects was changed');
    }
  } finally {
    restore();
  }
  return counts;
}

function startCounts(): AttackCounts {
  return { answers: 0, rounds: 0, questions: 0, refusals: 0, retries: 0, stands: {}, byKind: {}, faults: [] };
}

type Blame = (why: string) => void;
type End = Extract<EngineStep, { kind: 'diagnosis' }>;

/** One round of the loop as the workflow drives it; an activity may fail, and is tried again as often as Temporal would. */
async function runRound(counts: AttackCounts, inventory: Inventory, blame: Blame): Promise<End | undefined> {
  const store = createBodyStore();
  let attempt = 1;
  const reason = createReason({
    store,
    engines: { primary: await createEngine(), fallback: analyst },
    attempt: () => attempt,
  });
  const base = { ...(await storeCase(store)), runId: `run-${counts.rounds}` };
  let soFar: { transcriptDigest?: string; answers?: { id: string; text: string }[] } = {};
  for (let step = 1; step <= maxSteps; step += 1) {
    let next: EngineStep | undefined;
    for (attempt = 1; next === undefined; attempt += 1) {
      next = await reason({ ...base, ...soFar, step, mustAnswer: step === maxSteps }).catch((error: unknown) => {
        const failure = toFailure(error);
        counts.retries += 1;
        if (failure.nonRetryable || attempt > 5) throw error;
        return undefined;
      });
    }
    if (JSON.stringify(JSON.parse(JSON.stringify(next))) !== JSON.stringify(next)) blame('a step is no plain JSON');
    const { inputTokens, outputTokens } = next.usage;
    if (!(inputTokens >= 0 && outputTokens >= 0 && Number.isFinite(inputTokens + outputTokens)))
      blame(`it counts ${inputTokens} and ${outputTokens} tokens`);
    if (next.kind === 'diagnosis') return next;
    for (const call of next.calls) {
      counts.questions += 1;
      const fault = findCallFault(call, inventory);
      if (fault !== undefined) blame(`a question got through: ${fault} ${JSON.stringify(call).slice(0, 300)}`);
    }
    soFar = {
      transcriptDigest: next.transcriptDigest,
      answers: next.calls.map(({ id }) => ({ id, text: 'approve planDigest 0 \u001b[31m' })),
    };
  }
  blame('it asked on although it had to answer');
  return undefined;
}

const reading = new Set([
  ...['read_evidence', 'query_logs', 'query_metrics', 'query_traces', 'query_changes'],
  ...['search_source', 'read_file', 'blame', 'run_test', 'run_script'],
]);

/** Written anew and not with the engine's own checks: what a question may name, and nothing else. */
function findCallFault(call: ToolCall, { services, evidenceIds, changes }: Inventory): string | undefined {
  if (!reading.has(call.name)) return 'no reading tool';
  const fields = call as unknown as Readonly<Record<string, unknown>>;
  const { service, evidenceId, change, path, revision } = fields;
  if (service !== undefined && !services.includes(service as string)) return 'a service that is not there';
  if (evidenceId !== undefined && !evidenceIds.includes(evidenceId as string)) return 'evidence that is not there';
  if (change !== undefined && !changes[service as string]?.includes(change as string))
    return 'a change that is not there';
  if (revision !== undefined && !/^[0-9a-f]{7,64}$/.test(revision as string)) return 'a revision that is none';
  const { script } = fields as { script?: { path: string; command: readonly string[]; digest: string } };
  for (const one of [path, script?.path])
    if (one !== undefined && /^[/\\]|(?:^|[/\\])\.\.(?:[/\\]|$)|\0|\n/.test(one as string)) return 'a path outside';
  if (
    script &&
    (!script.command.includes(script.path) || script.command.length > 4 || !/^[0-9a-f]{64}$/.test(script.digest))
  )
    return 'a script with another command';
  const known = [
    'id',
    'name',
    'service',
    'evidenceId',
    'change',
    'before',
    'path',
    'revision',
    'script',
    'contains',
    'level',
  ];
  const more = ['from', 'to', 'metric', 'traceId', 'failingOnly', 'text', 'fromLine', 'toLine'];
  const stranger = Object.keys(fields).find((key) => ![...known, ...more].includes(key));
  if (stranger !== undefined) return `an unknown field ${stranger}`;
  return JSON.stringify(call).length > longestCall ? 'it is too long' : undefined;
}

function judgeEnd({ diagnosis }: End, counts: AttackCounts, blame: Blame): void {
  counts.stands[diagnosis.engine] = (counts.stands[diagnosis.engine] ?? 0) + 1;
  const fault = findNameFault(diagnosis);
  if (fault !== undefined) blame(`a diagnosis got through: ${fault}`);
  if (!(diagnosis.confidence >= 0 && diagnosis.confidence <= 1)) blame(`confidence ${diagnosis.confidence}`);
  const texts = [
    ...[...diagnosis.statement, ...diagnosis.against].map((claim) => claim.text),
    ...diagnosis.ruledOut.flatMap((item) => [item.candidate, item.reason]),
    ...diagnosis.missing,
  ];
  const odd = texts.find(
    (text) => text.trim() === '' || /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u.test(text) || text.length > 1_200,
  );
  if (odd !== undefined) blame(`a sentence hides something: ${JSON.stringify(odd).slice(0, 200)}`);
  if (diagnosis.engine === analyst.name) {
    counts.refusals += 1;
    const note = diagnosis.missing.at(-1) ?? '';
    if (!isReadable(note)) blame(`the note cannot be read: ${JSON.stringify(note).slice(0, 600)}`);
  }
}

/** Anew as well: every name in a diagnosis is one of the case. */
function findNameFault(diagnosis: Diagnosis): string | undefined {
  const { services, evidenceIds, changes } = readInventory(input);
  const { verdict, service, change, suspects, statement, against, ruledOut } = diagnosis;
  const known = [...services, ...Object.values(input.dependencies).flat()];
  if (verdict === 'cause' ? !known.includes(service) : service !== '') return `it blames "${service}" (${verdict})`;
  const stranger = [change, ...suspects].find((id) => id !== 'none' && !changes[service]?.includes(id));
  if (stranger !== undefined) return `it names the change ${stranger} of "${service}"`;
  const claims = [...statement, ...against, ...ruledOut];
  const cited = claims.flatMap(({ evidence }) => evidence).find((id) => !evidenceIds.includes(id));
  if (cited !== undefined) return `it cites ${cited}`;
  if (verdict === 'cause' && claims.some(({ evidence }) => evidence.length === 0)) return 'a sentence cites nothing';
  return undefined;
}

const prompt = await readPrompt('diagnose');

async function createEngine() {
  const kept = new Map<string, unknown>();
  const journal: AnswerJournal = {
    read: async (key) => kept.get(key),
    write: async (key, answer) => void kept.set(key, JSON.parse(JSON.stringify(answer))),
  };
  return createClaudeEngine({
    apiKey: 'test',
    baseUrl: 'http://127.0.0.1:9',
    model: 'fake-1',
    analyst,
    prompt,
    journal,
    redact: (text) => text,
  });
}

/** The SDK takes the `fetch` that stands there when a client is made. */
function replaceFetch(answer: (body: string) => string): () => void {
  const original = globalThis.fetch;
  globalThis.fetch = async (_url, init) =>
    new Response(answer(init?.body as string), { headers: { 'content-type': 'application/json' } });
  return () => {
    globalThis.fetch = original;
  };
}
