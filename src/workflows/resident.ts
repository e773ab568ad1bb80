import type { Alert } from '../domain/alert.ts';
import type { ResidentReport } from '../domain/diagnosis.ts';
import type { Evidence, EvidenceKind, TimeWindow } from '../domain/evidence.ts';
import type { Timings } from '../domain/settings.ts';
import { rethrowCancellation, rootMessage } from './failures.ts';
import { observeProxy, reasonProxy, residentProxy } from './proxies.ts';

export interface ResidentInput {
  readonly service: string;
  readonly round: number;
  readonly alerts: readonly Alert[];
  readonly dependencies: readonly string[];
  /** Lessons are recalled once an incident, by the resident of the alerting service. */
  readonly recallsLessons: boolean;
  readonly timings: Timings;
  readonly window: TimeWindow;
  readonly changesWindow: TimeWindow;
  readonly incidentFrom: string;
}

/** The resident of one service: collects its evidence, each query in parallel with the others, and says what it shows. */
export async function resident(input: ResidentInput): Promise<ResidentReport> {
  const { service, alerts, dependencies, timings } = input;
  const evidence = await Promise.all(collectAll(input));
  const { examineService } = reasonProxy(timings);
  try {
    const examined = await examineService.executeWithOptions({ summary: `Examine the evidence of ${service}` }, [
      { service, alerts, dependencies, evidence },
    ]);
    return { service, evidence, ...examined };
  } catch (error) {
    rethrowCancellation(error);
    return { service, evidence, findings: [], suspects: [], summary: `Not examined: ${rootMessage(error)}` };
  }
}

function collectAll(input: ResidentInput): Promise<Evidence>[] {
  const { service, round, alerts, timings, window, changesWindow, incidentFrom } = input;
  const { collectLogs, collectMetrics, collectChanges, collectDeploys } = observeProxy(timings);
  const { recallLessons } = residentProxy(timings);
  const idOf = (kind: EvidenceKind): string => `${service}/${kind}/${round}`;
  const recent = { service, alerts, window, incidentFrom };
  const older = { service, alerts, window: changesWindow, incidentFrom };
  const collecting = [
    orGap(
      collectLogs.executeWithOptions({ summary: `Logs of ${service}` }, [{ ...recent, evidenceId: idOf('logs') }]),
      input,
      'logs',
    ),
    orGap(
      collectMetrics.executeWithOptions({ summary: `Metrics of ${service}` }, [
        { ...recent, evidenceId: idOf('metrics') },
      ]),
      input,
      'metrics',
    ),
    orGap(
      collectChanges.executeWithOptions({ summary: `Commits of ${service}` }, [
        { ...older, evidenceId: idOf('changes') },
      ]),
      input,
      'changes',
    ),
    orGap(
      collectDeploys.executeWithOptions({ summary: `Deploys of ${service}` }, [
        { ...older, evidenceId: idOf('deploys') },
      ]),
      input,
      'deploys',
    ),
  ];
  if (!input.recallsLessons) return collecting;
  const lessons = recallLessons.executeWithOptions({ summary: 'Lessons of past incidents' }, [
    { evidenceId: idOf('lessons'), service, alerts, window: changesWindow },
  ]);
  return [...collecting, orGap(lessons, input, 'lessons')];
}

/** An activity that gave up is a gap in the evidence, never the end of the investigation. */
async function orGap(collecting: Promise<Evidence>, input: ResidentInput, kind: EvidenceKind): Promise<Evidence> {
  try {
    return await collecting;
  } catch (error) {
    rethrowCancellation(error);
    return {
      id: `${input.service}/${kind}/${input.round}`,
      service: input.service,
      kind,
      source: kind,
      query: '',
      window: input.window,
      outcome: 'failed',
      summary: 'The query did not finish.',
      reason: rootMessage(error),
    };
  }
}
