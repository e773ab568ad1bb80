import { log } from '@temporalio/workflow';
import type { ReasonInput } from '../../activities/contract.ts';
import { findBudgetEnd } from '../../domain/diagnosis/budget.ts';
import { analystName } from '../../domain/names.ts';
import type { Diagnosis } from '../../domain/diagnosis/diagnosis.ts';
import { addUsage } from '../../domain/diagnosis/engine.ts';
import { withRuns } from '../../domain/diagnosis/reconcile.ts';
import {
  describeQuestion,
  fitLines,
  sortCall,
  type ToolAnswer,
  type ToolCall,
  type TrialCall,
} from '../../domain/diagnosis/questions.ts';
import { renderProofText, toProof } from '../../domain/reproduction/tabulate-runs.ts';
import { summaryLine } from '../../domain/report/ui-text.ts';
import { settingsOf, tell, type Case } from '../case.ts';
import { rethrowCancellation, rootMessage } from '../failures.ts';
import { incidentWindow } from '../incident-window.ts';
import { observeProxy, reasonProxy } from '../proxies.ts';
import { runSuspect } from './run-suspect.ts';

/** Each takes minutes of the sandbox, which the proof of the diagnosis needs as well. */
const maxTrials = 3;

type SoFar = Pick<ReasonInput, 'transcriptDigest' | 'answers'>;

/**
 * The engine's loop: one activity for each step, and one for each question of it, all of a step at once. At the limit of a budget the
 * engine answers with what it knows.
 */
export async function argue(incident: Case): Promise<Diagnosis> {
  const { state } = incident;
  const { budgets, engine } = settingsOf(incident);
  const startedAt = Date.now();
  // The analyst argues without source; only the queries of an engine that reads it cost anything.
  if (engine !== analystName) await collectSources(incident);
  let soFar: SoFar = {};
  for (let step = 1; ; step += 1) {
    const end = findBudgetEnd(budgets, { step, elapsedMs: Date.now() - startedAt, spent: state.spent });
    if (end !== undefined && step > 1) tell(incident, `The engine answers with what it knows: ${end}.`);
    const next = await takeStep(incident, step, end !== undefined, soFar);
    state.modelCalls += next.usage.modelCalls;
    state.spent = addUsage(state.spent, next.usage);
    if (next.kind === 'diagnosis') return next.diagnosis;
    const answers = await answerAll(incident, next.calls);
    soFar = { transcriptDigest: next.transcriptDigest, answers };
  }
}

/** Excerpts of the source of every service that was asked: what each resident's engineer would have open. */
async function collectSources(incident: Case): Promise<void> {
  const { state } = incident;
  const { services, timings } = settingsOf(incident);
  const asked = state.reports.map(({ service }) => service).filter((service) => services[service]?.hasSource);
  const { collectSource } = observeProxy(timings);
  const collected = await Promise.all(
    asked.map((service) =>
      collectSource.executeWithOptions({ summary: summaryLine(`Source of ${service} for the engine`) }, [
        {
          evidenceId: `${service}/source/${state.round}`,
          service,
          evidence: state.evidence,
          alerts: state.alerts,
          ...incidentWindow(state.alerts, state.openedAt, timings, Date.now()),
        },
      ]),
    ),
  );
  state.evidence = [...state.evidence, ...collected];
}

function takeStep(incident: Case, step: number, mustAnswer: boolean, soFar: SoFar) {
  const { state } = incident;
  const { engine, services, timings } = settingsOf(incident);
  const summary = `Argue the cause from ${state.evidence.length} pieces of evidence, step ${step} (${engine})`;
  return reasonProxy(timings).reason.executeWithOptions({ summary: summaryLine(summary) }, [
    {
      incidentId: state.incidentId,
      runId: state.runId,
      round: state.round,
      service: state.service,
      alerts: state.alerts,
      dependencies: Object.fromEntries(Object.entries(services).map(([name, view]) => [name, view.dependsOn])),
      evidence: state.evidence,
      findings: state.reports.flatMap((report) => report.findings),
      guidance: incident.guidance,
      rejected: incident.rejectedActions,
      ...soFar,
      step,
      mustAnswer,
    },
  ]);
}

/** Questions go out at once; runs in the sandbox one after the other, for each wants the machine for itself. */
async function answerAll(incident: Case, calls: readonly ToolCall[]): Promise<readonly ToolAnswer[]> {
  const sorted = calls.map(sortCall);
  const trials = sorted.flatMap((one) => (one.of === 'trial' ? [one.call] : []));
  const [read, tried] = await Promise.all([
    Promise.all(sorted.flatMap((one) => (one.of === 'trial' ? [] : [answerFrom(incident, one)]))),
    tryInTurns(incident, trials),
  ]);
  return [...read, ...tried];
}

async function answerFrom(
  incident: Case,
  asked: Exclude<ReturnType<typeof sortCall>, { of: 'trial' }>,
): Promise<ToolAnswer> {
  const { timings } = settingsOf(incident);
  const options = { summary: summaryLine(describeQuestion(asked.call)) };
  try {
    return asked.of === 'source'
      ? await observeProxy(timings).askSource.executeWithOptions(options, [{ call: asked.call }])
      : await reasonProxy(timings).readEvidence.executeWithOptions(options, [
          { evidence: incident.state.evidence, call: asked.call },
        ]);
  } catch (error) {
    return noAnswer(asked.call, error);
  }
}

async function tryInTurns(incident: Case, calls: readonly TrialCall[]): Promise<readonly ToolAnswer[]> {
  const answers: ToolAnswer[] = [];
  for (const call of calls) answers.push(await tryOut(incident, call));
  return answers;
}

/** The runs become evidence, so that the engine can cite them. */
async function tryOut(incident: Case, call: TrialCall): Promise<ToolAnswer> {
  const { state } = incident;
  const number = state.evidence.filter(({ id }) => id.includes(`/reproduction/${state.round}.`)).length + 1;
  if (number > maxTrials)
    return {
      id: call.id,
      text: `Not run: at most ${maxTrials} runs in the sandbox in one round of the investigation.`,
    };
  const { service, change, before } = call;
  tell(incident, `The engine asks: ${describeQuestion(call)}.`);
  try {
    const { reproduction } = await runSuspect(
      incident,
      { service, suspects: [change], ...(before === undefined ? {} : { before }) },
      call.name === 'run_script' ? { written: { by: settingsOf(incident).engine, script: call.script } } : {},
    );
    const evidenceId = `${service}/reproduction/${state.round}.${number}`;
    state.evidence = withRuns(state.evidence, reproduction, evidenceId);
    const proof = toProof(reproduction);
    return {
      id: call.id,
      text: fitLines([`Evidence ${evidenceId}: ${proof.verdict}.`, ...renderProofText(proof), ...proof.notes]),
    };
  } catch (error) {
    return noAnswer(call, error);
  }
}

/** A question that cannot be answered never ends an investigation: the engine is told, and goes on. */
function noAnswer(call: ToolCall, error: unknown): ToolAnswer {
  rethrowCancellation(error);
  log.warn('A question of the engine was not answered.', { question: call.name, error });
  return { id: call.id, text: `Not answered: ${rootMessage(error)}` };
}
