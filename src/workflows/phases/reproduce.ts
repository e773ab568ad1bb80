import { reconcile } from '../../domain/reconcile.ts';
import { cannotRun, type Reproduction } from '../../domain/reproduction.ts';
import { enterPhase, settingsOf, tell, type Case } from '../case.ts';
import { rethrowCancellation, rootMessage } from '../failures.ts';
import { observeProxy, sandboxProxy } from '../proxies.ts';

/** Runs the failure in the sandbox on the suspect revision and on the one before, and sets the diagnosis beside the result. */
export async function reproduce(incident: Case): Promise<void> {
  enterPhase(incident, 'reproduce');
  const { state } = incident;
  const reproduction = await runInSandbox(incident);
  state.reproduction = reproduction;
  if (state.diagnosis) {
    const evidenceId = `${state.diagnosis.service || state.service}/reproduction/${state.round}`;
    const reconciled = reconcile(state.diagnosis, reproduction, state.evidence, evidenceId);
    state.diagnosis = reconciled.diagnosis;
    state.evidence = reconciled.evidence;
  }
  tell(incident, describe(reproduction));
}

async function runInSandbox(incident: Case): Promise<Reproduction> {
  const { state } = incident;
  const { services, service, timings } = settingsOf(incident);
  const diagnosis = state.diagnosis;
  if (!diagnosis || diagnosis.verdict !== 'cause') return cannotRun('There is no suspect to reproduce.');
  const [suspect] = diagnosis.suspects;
  if (suspect === undefined || diagnosis.change === 'none') {
    return cannotRun('The cause is not a change, so there are no two revisions to compare.', diagnosis.service);
  }
  try {
    const { packSources } = observeProxy(timings);
    const packed = await packSources.executeWithOptions({ summary: `Pack the sources around ${diagnosis.service}` }, [
      {
        incidentId: state.incidentId,
        runId: state.runId,
        service: service.service,
        suspectService: diagnosis.service,
        suspect,
        ...(diagnosis.before === undefined ? {} : { before: diagnosis.before }),
        neighbours: Object.keys(services).filter((name) => name !== diagnosis.service && services[name]?.hasSource),
        evidence: state.evidence,
        timeoutMs: timings.sandboxTimeoutMs,
      },
    ]);
    if ('cannotRun' in packed) return cannotRun(packed.cannotRun, diagnosis.service, suspect, diagnosis.before);
    const { runReproduction } = sandboxProxy(timings);
    return await runReproduction.executeWithOptions(
      { summary: `Reproduce on ${suspect.slice(0, 12)} and before, bisect ${packed.revisions.length} revisions` },
      [packed],
    );
  } catch (error) {
    rethrowCancellation(error);
    return cannotRun(`The sandbox did not answer: ${rootMessage(error)}`, diagnosis.service, suspect, diagnosis.before);
  }
}

function describe(reproduction: Reproduction): string {
  const { verdict, suspect, before, runs, reason, firstBad } = reproduction;
  switch (verdict) {
    case 'reproduced':
      return `Reproduced: fails on ${suspect.slice(0, 12)}, passes on ${before.slice(0, 12)} (${runs.length} runs; first bad ${(firstBad ?? suspect).slice(0, 12)}).`;
    case 'not-reproduced':
    case 'flaky':
      return `${verdict === 'flaky' ? 'Flaky' : 'Not reproduced'} after ${runs.length} runs: ${reason}`;
    case 'cannot-run':
      return `Not reproduced, the sandbox could not run it: ${reason}`;
  }
}
