import type { PackInput } from '../../activities/contract.ts';
import type { SuspectService } from '../../domain/diagnosis/diagnosis.ts';
import { cannotRun, type Reproduction } from '../../domain/reproduction/reproduction.ts';
import { asSentence } from '../../domain/text.ts';
import { summaryLine } from '../../domain/report/ui-text.ts';
import { settingsOf, tell, type Case } from '../case.ts';
import { observeProxy, sandboxProxy } from '../proxies.ts';

export interface Attempt {
  readonly reproduction: Reproduction;
  /** False when the sandbox itself is away: it would be for every other suspect too. */
  readonly canTryOthers: boolean;
}

/** Packs the sources of a suspect and runs them; `gap` looks into what an earlier round left, `written` is what an engine wrote. */
export async function runSuspect(
  incident: Case,
  { service, suspects, before }: SuspectService,
  { gap, written }: Pick<PackInput, 'gap' | 'written'> = {},
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
        ...(written ? { written } : {}),
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
