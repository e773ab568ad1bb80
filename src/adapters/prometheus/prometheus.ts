import type { Alert } from '../../domain/incident/alert.ts';
import type { TimeWindow } from '../../domain/evidence/evidence.ts';
import { holds, measuredSide, splitComparison } from '../../domain/evidence/promql.ts';
import { instantAnswer, matrixAnswer, rulesAnswer } from './answers.ts';
import { createAsk, type Ask, type PrometheusOptions } from './client.ts';

export type { PrometheusOptions };

export type Labels = Readonly<Record<string, string>>;

/** One series of a range query; `points` are `[ISO time, value]`. Values that JSON cannot hold (NaN, infinities) are left out and counted. */
export interface RangeSeries {
  readonly labels: Labels;
  readonly points: readonly (readonly [string, number])[];
  readonly notNumbers: number;
}

/** One sample of an instant query. `value` may be NaN or infinite; it is not for storing as it is. */
export interface InstantSample {
  readonly labels: Labels;
  readonly value: number;
}

/** An alert's condition as it stands now. `value` is null when there was none, or when it is no finite number. */
export interface ConditionReading {
  readonly state: 'ok' | 'breached' | 'unknown';
  readonly value: number | null;
  /** `> 0.2`, or `any result` where the expression has no simple limit. */
  readonly threshold: string;
  readonly detail: string;
}

export interface Prometheus {
  readonly url: string;
  queryRange(expression: string, window: TimeWindow): Promise<readonly RangeSeries[]>;
  query(expression: string, at?: string): Promise<readonly InstantSample[]>;
  /** The expression of the alert's rule as Prometheus itself tells it, else the one that the alert's sender told; undefined without either. */
  findExpression(alert: Pick<Alert, 'name' | 'labels' | 'expression'>): Promise<string | undefined>;
  /** Whether an alert's expression holds now, for the series that carry the alert's labels. */
  readCondition(expression: string, labels: Labels): Promise<ConditionReading>;
}

/** The widest range answer that a chart or a change-point search needs. */
const maxPoints = 600;

/** Read-only client of the Prometheus HTTP API. Every method throws `OutsideError` (`Prometheus.Unreachable`, `.BadQuery`, …). */
export function createPrometheus(options: PrometheusOptions): Prometheus {
  const ask = createAsk(options);
  const prometheus: Prometheus = {
    url: new URL(options.url).origin,
    queryRange: (expression, window) => queryRange(ask, expression, window),
    query: (expression, at) => query(ask, expression, at),
    findExpression: (alert) => findExpression(ask, alert),
    readCondition: (expression, labels) => readCondition(prometheus, expression, labels),
  };
  return prometheus;
}

async function queryRange(ask: Ask, expression: string, window: TimeWindow): Promise<readonly RangeSeries[]> {
  const from = Date.parse(window.from) / 1000;
  const to = Date.parse(window.to) / 1000;
  const step = Math.max(1, Math.ceil((to - from) / (maxPoints - 1)));
  const answer = await ask(
    '/api/v1/query_range',
    { query: expression, start: String(from), end: String(to), step: String(step) },
    matrixAnswer,
  );
  return answer.result.map(({ metric, values }) => {
    const points = values
      .map(([seconds, value]) => [new Date(seconds * 1000).toISOString(), Number(value)] as const)
      .filter(([, value]) => Number.isFinite(value));
    return { labels: metric, points, notNumbers: values.length - points.length };
  });
}

async function query(ask: Ask, expression: string, at?: string): Promise<readonly InstantSample[]> {
  const time = at === undefined ? {} : { time: at };
  const answer = await ask('/api/v1/query', { query: expression, ...time }, instantAnswer);
  switch (answer.resultType) {
    case 'vector':
      return answer.result.flatMap(({ metric, value }) =>
        value ? [{ labels: metric, value: readValue(value[1]) }] : [],
      );
    case 'scalar':
      return [{ labels: {}, value: readValue(answer.result[1]) }];
    case 'matrix':
      return answer.result.flatMap(({ metric, values }) => {
        const last = values.at(-1);
        return last ? [{ labels: metric, value: readValue(last[1]) }] : [];
      });
    case 'string':
      return [];
  }
}

/** Prometheus writes `+Inf`, `-Inf` and `NaN`. */
function readValue(text: string): number {
  if (/^[+-]?inf/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  return Number(text);
}

/**
 * The rule is asked for first: the expression in a webhook is text that its sender may have made up, and a recovery must not
 * be judged by it while the rule itself can be read.
 */
async function findExpression(
  ask: Ask,
  alert: Pick<Alert, 'name' | 'labels' | 'expression'>,
): Promise<string | undefined> {
  try {
    const { groups } = await ask('/api/v1/rules', { type: 'alert' }, rulesAnswer);
    const named = groups
      .flatMap((group) => group.rules)
      .filter((rule) => rule.name === alert.name && (rule.type ?? 'alerting') === 'alerting');
    const told = named.find((rule) => squeeze(rule.query) === squeeze(alert.expression ?? ''));
    const labelled = named.find((rule) =>
      Object.entries(rule.labels ?? {}).every(([key, value]) => value.includes('{{') || alert.labels[key] === value),
    );
    return (told ?? labelled ?? named[0])?.query ?? alert.expression;
  } catch (error) {
    if (alert.expression !== undefined) return alert.expression;
    throw error;
  }
}

function squeeze(expression: string): string {
  return expression.replace(/\s+/g, '');
}

/**
 * A healthy comparison answers nothing, and so does a metric that vanished. Where the comparison can be split, its left side
 * is read and judged here; otherwise a result means breached, and no result means ok as long as the left side has data.
 */
async function readCondition(prometheus: Prometheus, expression: string, labels: Labels): Promise<ConditionReading> {
  const split = splitComparison(expression);
  const left = measuredSide(expression);
  const firing = (await prometheus.query(expression)).filter((sample) => carriesLabels(sample.labels, labels));
  const measured = left
    ? (await prometheus.query(left)).filter((sample) => carriesLabels(sample.labels, labels))
    : firing;
  const threshold = split ? `${split.operator} ${split.threshold}` : 'any result';
  const numbers = measured.map((sample) => sample.value).filter((value) => !Number.isNaN(value));
  const worst = split
    ? (numbers.find((value) => holds(value, split.operator, split.threshold)) ?? pickExtreme(numbers, split.operator))
    : numbers[0];
  const value = worst !== undefined && Number.isFinite(worst) ? worst : null;
  if (firing.length > 0) return { state: 'breached', value, threshold, detail: `${firing.length} series fire` };
  if (!left) return { state: 'ok', value, threshold, detail: 'no result' };
  if (measured.length === 0) {
    return {
      state: 'unknown',
      value,
      threshold,
      detail: `\`${left}\` has no data: the metric is gone or nothing is scraped`,
    };
  }
  if (numbers.length === 0)
    return { state: 'unknown', value, threshold, detail: `\`${left}\` is not a number: no traffic?` };
  return { state: 'ok', value, threshold, detail: `${measured.length} series read` };
}

/** The value nearest to the limit, or furthest past it. */
function pickExtreme(values: readonly number[], operator: string): number | undefined {
  if (values.length === 0) return undefined;
  return operator.startsWith('<') ? Math.min(...values) : Math.max(...values);
}

/** A series belongs to an alert when no label of it contradicts the alert's. A label that the alert lacks says nothing. */
function carriesLabels(series: Labels, alert: Labels): boolean {
  return Object.entries(series).every(([key, value]) => key === '__name__' || (alert[key] ?? value) === value);
}
