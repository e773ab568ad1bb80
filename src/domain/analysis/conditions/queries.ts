import type { EvidenceWithBody } from '../../diagnosis/engine.ts';
import type { MetricSeries } from '../../evidence/evidence.ts';

/** What a statement spends its time on, by the class of its wait events. */
export type WaitClass = 'cpu' | 'log' | 'write' | 'read' | 'lock' | 'conflict' | 'client' | 'other';

/** The load that one statement puts on a database, from series of load by statement and wait event. */
export interface QueryLoad {
  readonly service: string;
  readonly statement: string;
  /** Mean load over the points of the incident, summed over its wait events. */
  readonly load: number;
  /** Its part of the load of all statements, 0 to 1. */
  readonly share: number;
  readonly waits: readonly { readonly name: string; readonly wait: WaitClass; readonly load: number }[];
  /** Where it was measured, as the evidence tells its source. */
  readonly measuredBy: string;
  readonly evidenceId: string;
}

const statementLabel = /(^|[._-])(sql|query|statement|digest_text|query_text|normalized_query)$/i;
const waitLabel = /wait[._-]?event([._-]name)?$|(^|[._-])wait$/i;

/**
 * Database load by statement and wait event: Amazon's Performance Insights (`db.load` by `db.sql` and `db.wait_event`), samples of
 * pg_stat_activity, or exporters that label series alike. Average active sessions are what they count; statements are sorted by load.
 * Source of the method: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PerfInsights.Overview.ActiveSessions.html
 * O(n log n) for n points and series.
 */
export function readQueryLoads(evidence: readonly EvidenceWithBody[]): readonly QueryLoad[] {
  const loads = new Map<
    string,
    { service: string; statement: string; waits: Map<string, number>; measuredBy: string; evidenceId: string }
  >();
  for (const { evidence: item, body } of evidence) {
    if (body?.kind !== 'metrics') continue;
    for (const series of body.series) {
      const key = Object.keys(series.labels).find((name) => statementLabel.test(name));
      const statement = key === undefined ? undefined : series.labels[key];
      if (statement === undefined || series.points.length === 0) continue;
      const wait = readWaitName(series) ?? '';
      const within = series.points.filter(([at]) => at >= body.incidentFrom);
      const points = within.length > 0 ? within : series.points;
      const mean = points.reduce((sum, [, value]) => sum + value, 0) / points.length;
      const known = loads.get(`${body.service} ${statement}`) ?? {
        service: body.service,
        statement,
        waits: new Map<string, number>(),
        measuredBy: item.source,
        evidenceId: item.id,
      };
      known.waits.set(wait, (known.waits.get(wait) ?? 0) + mean);
      loads.set(`${body.service} ${statement}`, known);
    }
  }
  const sums = [...loads.values()].map((item) => ({
    ...item,
    load: [...item.waits.values()].reduce((sum, value) => sum + value, 0),
  }));
  const total = sums.reduce((sum, item) => sum + item.load, 0);
  return sums
    .map(({ waits, ...item }): QueryLoad => ({
      ...item,
      share: total > 0 ? item.load / total : 0,
      waits: [...waits]
        .map(([name, load]) => ({ name, wait: readWait(name), load }))
        .sort((a, b) => b.load - a.load || (a.name < b.name ? -1 : 1)),
    }))
    .sort((a, b) => b.load - a.load || (a.statement < b.statement ? -1 : 1));
}

/** The wait event that a series of database load is about, where it is labelled by one. */
export function readWaitName(series: Pick<MetricSeries, 'labels'>): string | undefined {
  const key = Object.keys(series.labels).find((name) => waitLabel.test(name));
  return key === undefined ? undefined : series.labels[key];
}

/** Class of a wait event by the names of PostgreSQL (pg_stat_activity), MySQL and Oracle. */
export function readWait(name: string): WaitClass {
  if (/\bcpu\b/i.test(name)) return 'cpu';
  if (/recovery ?conflict/i.test(name)) return 'conflict';
  if (/wal|redo|binlog|log file sync|xlog/i.test(name)) return 'log';
  if (/^(lwlock|lock)\b|enq:|row[ _]lock|lock_wait|mutex/i.test(name)) return 'lock';
  if (/client/i.test(name)) return 'client';
  if (/write|extend|flush|checkpoint/i.test(name)) return 'write';
  if (/read|fetch/i.test(name)) return 'read';
  return 'other';
}

/** Load of a statement within the given classes of waits. */
export function loadIn(query: QueryLoad, waits: readonly WaitClass[]): number {
  return query.waits.filter((item) => waits.includes(item.wait)).reduce((sum, item) => sum + item.load, 0);
}
