import { workflowInfo } from '@temporalio/workflow';
import { summaryLine } from '../../domain/report/ui-text.ts';
import { settingsOf, tell, type Case } from '../case.ts';
import { residentProxy } from '../proxies.ts';

/** Fetches a snapshot of the configuration, and links to the incident before this one on the same service. */
export async function triage(incident: Case): Promise<void> {
  const { state } = incident;
  const { openCase } = residentProxy();
  const opened = await openCase.executeWithOptions(
    { summary: summaryLine(`Open the case: read the settings of ${state.service}`) },
    [{ service: state.service, runId: workflowInfo().runId }],
  );
  incident.settings = opened.settings;
  if (opened.previousRunId !== undefined) {
    state.previousRunId = opened.previousRunId;
    tell(incident, `The incident before this one on ${state.service} is run ${opened.previousRunId}.`);
  }
  const { mode, owner } = settingsOf(incident).service;
  tell(incident, `Opened for ${owner} in mode ${mode}.`);
}
