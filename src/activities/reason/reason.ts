import { findAnswerFault } from '../../domain/analysis/verify-answer.ts';
import type { Diagnosis } from '../../domain/diagnosis/diagnosis.ts';
import type {
  Engine,
  EngineAnswer,
  EngineContext,
  EngineInput,
  EngineStep,
  EngineUsage,
} from '../../domain/diagnosis/engine.ts';
import { noUsage } from '../../domain/diagnosis/engine.ts';
import type { AskedCall, ToolCall } from '../../domain/diagnosis/questions.ts';
import { cleanLine } from '../../domain/diagnosis/prompt-text.ts';
import type { StoredProof } from '../../domain/reproduction/written-proof.ts';
import type { ReasonActivities, ReasonInput } from '../contract.ts';
import { isWorthRetrying, loadEvidence, type BodyStore } from '../observe/load-evidence.ts';

export interface ReasonPorts {
  readonly store: BodyStore;
  /** `primary` is what the settings chose; `fallback` is the built-in analyst, which always answers. */
  readonly engines: { readonly primary: Engine; readonly fallback: Engine };
  /** Cancellation of the running activity. */
  readonly signal?: () => AbortSignal | undefined;
  /** Which attempt of the activity runs, from 1. */
  readonly attempt?: () => number;
}

/** From this attempt on a primary engine that stays away is replaced, since an investigation must not wait for ever. */
const lastPrimaryAttempt = 4;

/** One step of the configured engine. An answer that names what was not collected in this incident is replaced by the analyst's. */
export function createReason(ports: ReasonPorts): ReasonActivities['reason'] {
  const { primary, fallback } = ports.engines;
  return async (input) => {
    const engineInput = await buildInput(ports.store, input);
    const context = await buildContext(ports, input);
    const asked = await askPrimary(ports, engineInput, context);
    if ('note' in asked) return replace(fallback, engineInput, noUsage, asked.note);
    const { answer } = asked;
    if (answer.kind === 'questions') {
      if (input.mustAnswer)
        return replace(
          fallback,
          engineInput,
          answer.usage,
          `${primary.name} had not answered when its steps were used up`,
        );
      const { digest } = await ports.store.put(answer.transcript);
      const calls = await Promise.all(answer.calls.map((call) => storeScript(ports.store, call)));
      return { kind: 'questions', calls, transcriptDigest: digest, usage: answer.usage };
    }
    const fault = findAnswerFault(engineInput, answer.diagnosis);
    if (fault === undefined) return storeProof(ports.store, answer);
    return replace(fallback, engineInput, answer.usage, `The answer of ${primary.name} was not used: ${fault}`);
  };
}

/** The text of a script goes into the store; the history carries its digest. */
async function storeScript(store: BodyStore, call: AskedCall): Promise<ToolCall> {
  if (call.name !== 'run_script') return call;
  const { path, text, command } = call.script;
  return { ...call, script: { path, command, digest: (await store.put(text)).digest } };
}

/** What the engine wrote goes into the store; the history carries references to it. */
async function storeProof(
  store: BodyStore,
  { proof, diagnosis, usage }: Extract<EngineAnswer, { kind: 'diagnosis' }>,
): Promise<EngineStep> {
  if (!proof?.script && !proof?.fix) return { kind: 'diagnosis', diagnosis, usage };
  const written: StoredProof = {
    by: diagnosis.engine,
    ...(proof.script
      ? {
          script: {
            path: proof.script.path,
            digest: (await store.put(proof.script.text)).digest,
            command: proof.script.command,
          },
        }
      : {}),
    ...(proof.fix ? { fix: { digest: (await store.put(proof.fix.diff)).digest } } : {}),
  };
  return { kind: 'diagnosis', diagnosis: { ...diagnosis, written }, usage };
}

async function buildInput(store: BodyStore, input: ReasonInput): Promise<EngineInput> {
  const evidence = await loadEvidence(store, input.evidence);
  const { service, alerts, dependencies, findings, guidance, rejected } = input;
  const lessons = evidence.flatMap((item) => (item.body?.kind === 'lessons' ? item.body.lessons : []));
  return { service, alerts, dependencies, evidence, findings, lessons, guidance, rejected };
}

async function buildContext(ports: ReasonPorts, input: ReasonInput): Promise<EngineContext> {
  const signal = ports.signal?.();
  const transcript =
    input.transcriptDigest === undefined ? undefined : (await ports.store.get(input.transcriptDigest)).toString('utf8');
  return {
    mustAnswer: input.mustAnswer,
    call: { incidentId: input.incidentId, runId: input.runId, round: input.round, step: input.step },
    ...(transcript === undefined ? {} : { transcript }),
    ...(input.answers === undefined ? {} : { answers: input.answers }),
    ...(signal === undefined ? {} : { signal }),
  };
}

async function askPrimary(
  ports: ReasonPorts,
  input: EngineInput,
  context: EngineContext,
): Promise<{ readonly answer: EngineAnswer } | { readonly note: string }> {
  const { primary, fallback } = ports.engines;
  try {
    return { answer: await primary.step(input, context) };
  } catch (error) {
    // A cancellation, and trouble that another attempt may mend, are Temporal's business.
    const isPatient = isWorthRetrying(error) && (ports.attempt?.() ?? 1) < lastPrimaryAttempt;
    if (primary === fallback || context.signal?.aborted || isPatient) throw error;
    const why = error instanceof Error ? error.message : String(error);
    return { note: cleanLine(`${primary.name} did not answer: ${why}`, 300) };
  }
}

async function replace(fallback: Engine, input: EngineInput, usage: EngineUsage, note: string): Promise<EngineStep> {
  const answer = await fallback.step(input, {});
  if (answer.kind !== 'diagnosis')
    throw new Error(`The fallback engine ${fallback.name} asked questions; it must answer at once.`);
  const fault = findAnswerFault(input, answer.diagnosis);
  if (fault !== undefined) throw new Error(`The fallback engine ${fallback.name} gave an unsound answer: ${fault}.`);
  const diagnosis: Diagnosis = { ...answer.diagnosis, missing: [...answer.diagnosis.missing, cleanLine(note, 400)] };
  return { kind: 'diagnosis', diagnosis, usage };
}
