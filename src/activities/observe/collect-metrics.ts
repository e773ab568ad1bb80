import type { Prometheus, RangeSeries } from '../../adapters/prometheus/prometheus.ts';
import type { MetricSeries } from '../../domain/evidence/evidence.ts';
import { measuredSide } from '../../domain/evidence/promql.ts';
import { redactDeep } from '../../domain/redaction.ts';
import type { NamedQuery, ServiceSettings } from '../../domain/settings.ts';
import { countOf } from '../../domain/text.ts';
import type { CollectInput, ObserveActivities } from '../contract.ts';
import { mapInTurns, notConfigured, recordEvidence, type Collected, type EvidencePorts } from './record-evidence.ts';

export interface CollectMetricsPorts extends EvidencePorts {
  readonly services: Readonly<Record<string, ServiceSettings>>;
  /** Absent where no Prometheus is configured. */
  readonly prometheus?: Prometheus;
}

/** Series of one query beyond this many are left out, those that moved least first. */
const maxSeries = 30;
const queriesAtOnce = 4;

/** Reads a service's metrics and objectives over the window, and what its alert measures. */
export function createCollectMetrics(ports: CollectMetricsPorts): ObserveActivities['collectMetrics'] {
  return async (input) => {
    const { prometheus, services } = ports;
    const settings = services[input.service];
    const source = `prometheus ${prometheus?.url ?? ''}`.trim();
    const configured = [...(settings?.metrics ?? []), ...(settings?.objectives ?? [])];
    const query = configured.map(({ expr }) => expr).join(' ; ');
    return recordEvidence(ports, input, { kind: 'metrics', source, query }, async () => {
      if (!prometheus) {
        return notConfigured(
          input.service,
          'Prometheus',
          'Set `prometheus.url` in resident.yaml to have metrics read.',
        );
      }
      const { queries, notes } = await listQueries(prometheus, configured, input);
      if (queries.length === 0) {
        const remedy = `Add \`metrics\` or \`objectives\` to the service ${input.service} in resident.yaml.`;
        return { ...notConfigured(input.service, 'metrics', remedy), notes };
      }
      const answers = await mapInTurns(queries, queriesAtOnce, (item) => ask(prometheus, item, input));
      return describe(input, queries, answers, notes, ports);
    });
  };
}

/** Configured queries and the alerts' left sides; the same expression is asked once. */
async function listQueries(
  prometheus: Prometheus,
  configured: readonly NamedQuery[],
  input: CollectInput,
): Promise<{ queries: readonly NamedQuery[]; notes: readonly string[] }> {
  const queries: NamedQuery[] = configured.map(({ name, expr }) => ({ name, expr }));
  const notes: string[] = [];
  const names = new Set<string>();
  for (const alert of input.alerts.filter((item) => item.service === input.service)) {
    if (names.has(alert.name)) continue;
    names.add(alert.name);
    try {
      const expression = await prometheus.findExpression(alert);
      if (expression) queries.push({ name: `alert ${alert.name}`, expr: measuredSide(expression) ?? expression });
    } catch (error) {
      notes.push(`the rule of alert ${alert.name} could not be read: ${wordsOf(error)}`);
    }
  }
  const seen = new Set<string>();
  const unique = queries.filter(({ expr }) => {
    const key = expr.replace(/\s+/g, '');
    return seen.has(key) ? false : seen.add(key);
  });
  return { queries: unique, notes };
}

interface Answer {
  readonly series: readonly MetricSeries[];
  readonly note: string;
  readonly isFailed: boolean;
}

async function ask(prometheus: Prometheus, { name, expr }: NamedQuery, { window }: CollectInput): Promise<Answer> {
  try {
    const found = (await prometheus.queryRange(expr, window)).filter((series) => series.points.length > 0);
    const kept = found.length > maxSeries ? found.toSorted((a, b) => moved(b) - moved(a)).slice(0, maxSeries) : found;
    const note =
      found.length > maxSeries ? `${name}: kept the ${maxSeries} of ${found.length} series that moved most` : '';
    const series = kept.map(({ labels, points }) => ({ name, expression: expr, labels, points }));
    return { series, note: found.length === 0 ? `${name}: no data` : note, isFailed: false };
  } catch (error) {
    return { series: [], note: `${name} failed: ${wordsOf(error)}`, isFailed: true };
  }
}

/** How far a series moved, as a share of its own height. */
function moved({ points }: RangeSeries): number {
  const values = points.map(([, value]) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return (high - low) / (Math.abs(high) + Math.abs(low) || 1);
}

function describe(
  input: CollectInput,
  queries: readonly NamedQuery[],
  answers: readonly Answer[],
  notes: readonly string[],
  { redact }: EvidencePorts,
): Collected {
  const query = queries.map(({ expr }) => expr).join(' ; ');
  const failed = answers.filter((answer) => answer.isFailed);
  const told = [...notes, ...answers.map((answer) => answer.note).filter(Boolean)];
  if (failed.length === queries.length) {
    return {
      outcome: 'failed',
      summary: `metrics of ${input.service} could not be read`,
      query,
      reason: failed[0]?.note ?? '',
    };
  }
  const series = answers.flatMap((answer) => answer.series);
  if (series.length === 0) {
    return {
      outcome: 'empty',
      summary: `${countOf(queries.length, 'query').replace(/querys$/, 'queries')} answered no data between ${input.window.from} and ${input.window.to}`,
      query,
      notes: told,
      reason: `Prometheus has none of these series in the window. Is ${input.service} scraped, and are the expressions right?`,
    };
  }
  return {
    outcome: 'found',
    summary: `${series.length} series of ${queries.length} ${queries.length === 1 ? 'query' : 'queries'}; ${tellLargestMove(input, series)}`,
    query,
    notes: told,
    body: redactDeep(
      { kind: 'metrics', service: input.service, incidentFrom: input.incidentFrom, series } as const,
      redact,
    ),
  };
}

/** The series whose mean changed most between baseline and incident, in one clause. */
function tellLargestMove({ incidentFrom }: CollectInput, series: readonly MetricSeries[]): string {
  const start = Date.parse(incidentFrom);
  const moves = series.flatMap(({ name, points }) => {
    const before = mean(points.filter(([at]) => Date.parse(at) < start));
    const after = mean(points.filter(([at]) => Date.parse(at) >= start));
    if (before === undefined || after === undefined) return [];
    return [{ name, before, after, share: Math.abs(after - before) / (Math.abs(after) + Math.abs(before) || 1) }];
  });
  const largest = moves.toSorted((a, b) => b.share - a.share)[0];
  if (!largest) return 'no baseline to compare with';
  if (largest.share < 0.05) return 'none moved against the baseline';
  return `${largest.name} went from ${round(largest.before)} to ${round(largest.after)} on average`;
}

function mean(points: readonly (readonly [string, number])[]): number | undefined {
  return points.length === 0 ? undefined : points.reduce((sum, [, value]) => sum + value, 0) / points.length;
}

function round(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
