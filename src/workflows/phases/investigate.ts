import { ParentClosePolicy, executeChild, log } from '@temporalio/workflow';
import { listReachable } from '../../domain/settings.ts';
import { residentWorkflowId, taskQueues } from '../../domain/names.ts';
import type { ResidentReport } from '../../domain/diagnosis/diagnosis.ts';
import { countOf } from '../../domain/text.ts';
import { summaryLine } from '../../domain/report/ui-text.ts';
import { enterPhase, settingsOf, tell, type Case } from '../case.ts';
import { incidentWindow } from '../incident-window.ts';
import { rethrowCancellation, rootMessage } from '../failures.ts';
import type { resident } from '../resident.ts';
import { argue } from './argue.ts';

/** Asks the residents that suspicion reaches, then lets the engine argue one diagnosis from all that they saw. */
export async function investigate(incident: Case): Promise<void> {
  incident.state.round += 1;
  enterPhase(incident, 'investigate');
  incident.state.reports = await askResidents(incident);
  incident.state.evidence = incident.state.reports.flatMap((report) => report.evidence);
  incident.state.diagnosis = await argue(incident);
  const { verdict, service, change, confidence, engine } = incident.state.diagnosis;
  tell(
    incident,
    verdict === 'cause'
      ? `${engine} blames ${service}${change === 'none' ? '' : `, change ${change.slice(0, 12)}`} (confidence ${confidence.toFixed(2)}).`
      : `${engine} finds: ${verdict}.`,
  );
}

/** The alerting service and its direct dependencies at once; then, wave by wave, whoever their reports point at. */
async function askResidents(incident: Case): Promise<ResidentReport[]> {
  const { service, services, budgets } = settingsOf(incident);
  const reachable = listReachable(services, service.service);
  const reports: ResidentReport[] = [];
  const asked: string[] = [];
  let wave = [service.service, ...service.dependsOn].filter((name) => reachable.includes(name));
  while (wave.length > 0) {
    const asking = wave.slice(0, budgets.maxResidents - asked.length);
    if (asking.length < wave.length)
      tell(
        incident,
        `Not asked, the limit of ${countOf(budgets.maxResidents, 'resident')} is reached: ${wave.slice(asking.length).join(', ')}.`,
      );
    asked.push(...asking);
    tell(incident, `Asking the residents of ${asking.join(', ')}.`);
    const answers = await Promise.all(asking.map((name) => askResident(incident, name)));
    reports.push(...answers);
    wave = [...new Set(answers.flatMap((answer) => answer.suspects))].filter(
      (name) => reachable.includes(name) && !asked.includes(name),
    );
  }
  return reports;
}

/** A resident that fails leaves a gap that the report names; it never ends the investigation. */
async function askResident(incident: Case, service: string): Promise<ResidentReport> {
  const { state } = incident;
  const settings = settingsOf(incident);
  const report = await executeChild<typeof resident>('resident', {
    workflowId: residentWorkflowId(state.service, service),
    taskQueue: taskQueues.resident,
    parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
    staticSummary: summaryLine(`Resident of ${service}: what it can tell about ${state.service}`),
    args: [
      {
        service,
        round: state.round,
        alerts: state.alerts,
        dependencies: settings.services[service]?.dependsOn ?? [],
        recallsLessons: service === state.service,
        timings: settings.timings,
        collects: settings.services[service]?.collects ?? [],
        ...incidentWindow(state.alerts, state.openedAt, settings.timings, Date.now()),
      },
    ],
  }).catch((error: unknown) => {
    rethrowCancellation(error);
    log.error('A resident failed.', { service, error });
    return {
      service,
      evidence: [],
      findings: [],
      suspects: [],
      summary: `The resident of ${service} failed: ${rootMessage(error)}`,
    };
  });
  tell(incident, `${service}: ${report.summary}`);
  return report;
}
