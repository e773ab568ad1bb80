import type { Outcome } from '../../domain/incident/incident.ts';
import { asSentence } from '../../domain/text.ts';
import { summaryLine } from '../../domain/report/ui-text.ts';
import { enterPhase, settingsOf, tell, type Case } from '../case.ts';
import { rootMessage } from '../failures.ts';
import { residentProxy } from '../proxies.ts';

/** Names the outcome, writes the report and the lesson, and tells people. */
export async function close(incident: Case, outcome: Outcome, reason: string): Promise<void> {
  const { state } = incident;
  state.outcome = outcome;
  if (reason) state.outcomeReason = asSentence(reason);
  enterPhase(incident, 'close');
  tell(incident, `Outcome: ${outcome}${reason ? `. ${asSentence(reason)}` : ''}`);
  const timings = incident.settings?.timings;
  const { closeCase, notifyPeople } = residentProxy(timings);
  const written = await closeCase.executeWithOptions(
    { summary: summaryLine(`Outcome ${outcome}${cause(incident)}: write the report and the lesson`) },
    [{ state }],
  );
  state.report = written.report;
  if (written.lesson !== undefined) state.lesson = written.lesson;
  if (incident.settings?.canNotify) await tellPeople(incident, outcome, notifyPeople);
  tell(incident, `Report: ${written.report}`);
}

/** In the summary, because the timeline of a closed run is read where no worker is left to tell the details. */
function cause({ state: { diagnosis } }: Case): string {
  if (diagnosis?.verdict !== 'cause') return '';
  return `, the cause was ${diagnosis.service}${diagnosis.change === 'none' ? '' : ` ${diagnosis.change}`}`;
}

async function tellPeople(
  incident: Case,
  outcome: Outcome,
  notifyPeople: ReturnType<typeof residentProxy>['notifyPeople'],
): Promise<void> {
  const { state } = incident;
  const kind = outcome === 'rollback-incomplete' ? 'rollback-incomplete' : outcome === 'expired' ? 'expired' : 'closed';
  const to = [...new Set([...(state.plan?.approvers ?? []), settingsOf(incident).service.owner])];
  const text = `${state.service}: ${outcome}. ${state.outcomeReason ?? ''} Report: ${state.report ?? 'none'}`;
  await notifyPeople
    .executeWithOptions({ summary: `Tell people: ${kind}`, retry: { maximumAttempts: 5 } }, [
      { incidentId: state.incidentId, kind, text, to },
    ])
    .catch((error: unknown) => tell(incident, `People could not be told (${rootMessage(error)}).`));
}
