import { setCurrentDetails } from '@temporalio/workflow';
import type { Alert } from '../domain/incident/alert.ts';
import type { ResidentReport } from '../domain/diagnosis/diagnosis.ts';
import type { Evidence, EvidenceKind, TimeWindow } from '../domain/evidence/evidence.ts';
import { renderResident, type ResidentProgress } from '../domain/report/render-child-details.ts';
import type { FurtherSource, Timings } from '../domain/settings.ts';
import { summaryLine } from '../domain/report/ui-text.ts';
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
  /** Absent in runs that began before there were these sources. */
  readonly collects?: readonly FurtherSource[];
  readonly window: TimeWindow;
  readonly changesWindow: TimeWindow;
  readonly incidentFrom: string;
}

/** The resident of one service: collects its evidence, each query in parallel with the others, and says what it shows. */
export async function resident(input: ResidentInput): Promise<ResidentReport> {
  const { service, alerts, dependencies, timings } = input;
  const collecting = collectAll(input);
  const seen: Evidence[] = [];
  const show = (more: Partial<ResidentProgress> = {}): void =>
    setCurrentDetails(
      renderResident({ ...describe(input), evidence: seen, pending: collecting.length - seen.length, ...more }),
    );
  show();
  const evidence = await Promise.all(
    collecting.map(async (item) => {
      const found = await item;
      seen.push(found);
      show();
      return found;
    }),
  );
  const { examineService } = reasonProxy(timings);
  try {
    const examined = await examineService.executeWithOptions(
      { summary: summaryLine(`Examine the evidence of ${service}`) },
      [{ service, alerts, dependencies, evidence }],
    );
    show(examined);
    return { service, evidence, ...examined };
  } catch (error) {
    rethrowCancellation(error);
    const summary = `Not examined: ${rootMessage(error)}`;
    show({ summary });
    return { service, evidence, findings: [], suspects: [], summary };
  }
}

function describe({ service, alerts, round }: ResidentInput): Pick<ResidentProgress, 'service' | 'askedAbout'> {
  const names = [...new Set(alerts.map((alert) => `${alert.name} on ${alert.service}`))].slice(0, 5);
  return { service, askedAbout: `${names.join(', ')} (round ${round})` };
}

function collectAll(input: ResidentInput): Promise<Evidence>[] {
  const { service, round, alerts, timings, window, changesWindow, incidentFrom, collects = [] } = input;
  const observe = observeProxy(timings);
  const { recallLessons } = residentProxy(timings);
  const sources = [
    { kind: 'logs', title: 'Logs', collect: observe.collectLogs, window },
    { kind: 'metrics', title: 'Metrics', collect: observe.collectMetrics, window },
    { kind: 'changes', title: 'Commits', collect: observe.collectChanges, window: changesWindow },
    { kind: 'deploys', title: 'Deploys', collect: observe.collectDeploys, window: changesWindow },
  ] as const;
  const further = [
    { kind: 'traces', title: 'Traces', collect: observe.collectTraces, window },
    { kind: 'flags', title: 'Changes of flags', collect: observe.collectFlags, window: changesWindow },
    { kind: 'events', title: 'Platform events', collect: observe.collectEvents, window },
  ] as const;
  const collecting = [...sources, ...further.filter(({ kind }) => collects.includes(kind))].map((source) => {
    const asked = { service, alerts, window: source.window, incidentFrom };
    const evidence = source.collect.executeWithOptions({ summary: summaryLine(`${source.title} of ${service}`) }, [
      { ...asked, evidenceId: `${service}/${source.kind}/${round}` },
    ]);
    return orGap(evidence, input, source.kind);
  });
  if (!input.recallsLessons) return collecting;
  const lessons = recallLessons.executeWithOptions({ summary: 'Lessons of past incidents' }, [
    { evidenceId: `${service}/lessons/${round}`, service, alerts, window: changesWindow },
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
