import type { Diagnosis, SuspectService } from '../../domain/diagnosis/diagnosis.ts';
import { listSuspectServices, reconcile } from '../../domain/diagnosis/reconcile.ts';
import { cannotRun, type Reproduction } from '../../domain/reproduction/reproduction.ts';
import { isTestFile } from '../../domain/reproduction/frames.ts';
import { describeFirstBad, maxRounds, narrow } from '../../domain/reproduction/narrow.ts';
import { describeLocation } from '../../domain/reproduction/location.ts';
import { asSentence, countOf } from '../../domain/text.ts';
import { summaryLine } from '../../domain/report/ui-text.ts';
import type { PackInput } from '../../activities/contract.ts';
import { enterPhase, settingsOf, tell, type Case } from '../case.ts';
import { rethrowCancellation, rootMessage } from '../failures.ts';
import { observeProxy, sandboxProxy } from '../proxies.ts';

/** The first suspect, and this many others when the sandbox does not confirm it. */
const maxAttempts = 3;

/**
 * Runs the failure in the sandbox on the suspect revision and on the one before. Where that proves nothing, the next services
 * that remain possible are tried: what fails with one revision and passes with another needs no further argument.
 */
export async function reproduce(incident: Case): Promise<void> {
  enterPhase(incident, 'reproduce');
  const { state } = incident;
  const { diagnosis } = state;
  if (!diagnosis) return;
  const suspects = listSuspectServices(diagnosis).slice(0, maxAttempts);
  if (suspects.length === 0) {
    state.reproduction = cannotRun(nothingToRun(diagnosis), diagnosis.service);
    tell(incident, describe(state.reproduction));
    return;
  }
  const tried: Reproduction[] = [];
  for (const suspect of suspects) {
    const { reproduction, canTryOthers } = await runInSandbox(incident, suspect);
    tried.push(reproduction);
    tell(incident, describe(reproduction));
    if (reproduction.verdict === 'reproduced' || !canTryOthers) break;
  }
  const decisive =
    tried.find(({ verdict }) => verdict === 'reproduced') ??
    tried.find(({ verdict }) => verdict !== 'cannot-run') ??
    tried[0];
  if (!decisive) return;
  const located = await locate(incident, decisive);
  state.reproduction = { ...located, runs: tried.flatMap(({ runs }) => runs) };
  const evidenceId = `${decisive.suspectService}/reproduction/${state.round}`;
  const reconciled = reconcile(
    diagnosis,
    state.reproduction,
    state.evidence,
    evidenceId,
    state.reports.flatMap(({ findings }) => findings),
  );
  state.diagnosis = reconciled.diagnosis;
  state.evidence = reconciled.evidence;
}

function nothingToRun({ verdict }: Diagnosis): string {
  return verdict === 'cause'
    ? 'The cause is not a change, so there are no two revisions to compare.'
    : 'There is no suspect to reproduce.';
}

interface Attempt {
  readonly reproduction: Reproduction;
  /** False when the sandbox itself is away: it would be for every other suspect too. */
  readonly canTryOthers: boolean;
}

async function runInSandbox(incident: Case, suspect: SuspectService): Promise<Attempt> {
  try {
    let attempt = await runRound(incident, suspect);
    for (let round = 2; round <= maxRounds; round += 1) {
      const { reproduction } = attempt;
      if (reproduction.verdict !== 'reproduced' || !reproduction.gap) break;
      const { reproduction: second } = await runRound(incident, suspect, reproduction.gap);
      attempt = { ...attempt, reproduction: narrow(reproduction, second) };
      if (second.verdict === 'cannot-run') break;
    }
    return attempt;
  } catch (error) {
    rethrowCancellation(error);
    const { service, suspects, before } = suspect;
    const reproduction = cannotRun(`The sandbox did not answer: ${rootMessage(error)}`, service, suspects[0], before);
    return { reproduction, canTryOthers: false };
  }
}

/** Packs and runs; a second round looks into the gap that the one before left. */
async function runRound(
  incident: Case,
  { service, suspects, before }: SuspectService,
  gap?: PackInput['gap'],
): Promise<Attempt> {
  const { state } = incident;
  const { services, service: alerting, timings } = settingsOf(incident);
  const [suspect = ''] = suspects;
  const { packSources } = observeProxy(timings);
  const packed = await packSources.executeWithOptions(
    { summary: summaryLine(`Suspect: ${service} ${suspect}. Pack its sources`) },
    [
      {
        incidentId: state.incidentId,
        runId: state.runId,
        service: alerting.service,
        suspectService: service,
        suspect,
        ...(before === undefined ? {} : { before }),
        neighbours: Object.keys(services).filter((name) => name !== service && services[name]?.hasSource),
        evidence: state.evidence,
        timeoutMs: timings.sandboxTimeoutMs,
        ...(gap ? { gap } : {}),
        // What the engine wrote is about the service that it accuses, and about no other.
        ...(state.diagnosis?.written && state.diagnosis.service === service
          ? { written: state.diagnosis.written }
          : {}),
      },
    ],
  );
  if ('cannotRun' in packed) {
    return { reproduction: cannotRun(packed.cannotRun, service, suspect, before), canTryOthers: true };
  }
  const { runReproduction } = sandboxProxy(timings);
  const question = gap
    ? `which commit up to ${gap.bad.slice(0, 12)} of ${service} is the first that fails?`
    : `does it fail with ${suspect.slice(0, 12)} of ${service}, and not before?`;
  tell(incident, `Reproducing: ${question}`);
  const reproduction = await runReproduction.executeWithOptions({ summary: summaryLine(asSentence(question)) }, [
    packed,
  ]);
  return { reproduction, canTryOthers: reproduction.verdict !== 'cannot-run' };
}

/**
 * Asks which commit last touched the line where the failure shows. Without an answer the line itself still tells; that of a
 * test of another service was not changed by what is suspected, and is not worth the question.
 */
async function locate(incident: Case, reproduction: Reproduction): Promise<Reproduction> {
  const { frame: location, verdict } = reproduction;
  if (!location || verdict === 'cannot-run') return reproduction;
  if (location.service !== reproduction.suspectService && isTestFile(location.file)) return reproduction;
  try {
    const { locateFailure } = observeProxy(settingsOf(incident).timings);
    const frame = await locateFailure.executeWithOptions(
      { summary: summaryLine(`Which commit last touched ${location.file}:${location.line} of ${location.service}?`) },
      [{ location }],
    );
    tell(incident, `It shows at ${describeLocation(frame)}.`);
    return { ...reproduction, frame };
  } catch (error) {
    rethrowCancellation(error);
    tell(
      incident,
      `It shows at ${describeLocation(location)}. Its last commit could not be told: ${rootMessage(error)}`,
    );
    return reproduction;
  }
}

function describe(reproduction: Reproduction): string {
  const { verdict, suspectService, suspect, before, runs, reason, firstBad } = reproduction;
  switch (verdict) {
    case 'reproduced': {
      const culprit = (firstBad ?? suspect).slice(0, 12);
      return `Reproduced: fails with ${culprit} of ${suspectService}, passes with ${before.slice(0, 12)} before it (${countOf(runs.length, 'run')}). ${describeFirstBad(reproduction)}`.trim();
    }
    case 'not-reproduced':
    case 'flaky':
      return `${verdict === 'flaky' ? 'Flaky' : 'Not reproduced'} with ${suspectService} ${suspect.slice(0, 12)}, ${runs.length} runs: ${reason}`;
    case 'cannot-run':
      return `Could not be tried: ${reason}`;
  }
}
