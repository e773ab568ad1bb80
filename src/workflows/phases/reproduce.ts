import type { Diagnosis, SuspectService } from '../../domain/diagnosis/diagnosis.ts';
import { listSuspectServices, reconcile } from '../../domain/diagnosis/reconcile.ts';
import { cannotRun, type Reproduction } from '../../domain/reproduction/reproduction.ts';
import { isTestFile } from '../../domain/reproduction/frames.ts';
import { describeFirstBad, maxRounds, narrow } from '../../domain/reproduction/narrow.ts';
import { describeLocation } from '../../domain/reproduction/location.ts';
import { countOf } from '../../domain/text.ts';
import { summaryLine } from '../../domain/report/ui-text.ts';
import { enterPhase, settingsOf, tell, type Case } from '../case.ts';
import { rethrowCancellation, rootMessage } from '../failures.ts';
import { observeProxy } from '../proxies.ts';
import { runSuspect, type Attempt } from './run-suspect.ts';

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

async function runInSandbox(incident: Case, suspect: SuspectService): Promise<Attempt> {
  const { diagnosis } = incident.state;
  // What the engine wrote is about the service that it accuses, and about no other.
  const proof = diagnosis?.written && diagnosis.service === suspect.service ? { written: diagnosis.written } : {};
  try {
    let attempt = await runSuspect(incident, suspect, proof);
    for (let round = 2; round <= maxRounds; round += 1) {
      const { reproduction } = attempt;
      if (reproduction.verdict !== 'reproduced' || !reproduction.gap) break;
      const { reproduction: second } = await runSuspect(incident, suspect, { ...proof, gap: reproduction.gap });
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
