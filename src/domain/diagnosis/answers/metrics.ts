import { findMetricShifts } from '../../analysis/metrics/shifts.ts';
import type { MetricSeries } from '../../evidence/evidence.ts';
import type { EvidenceWithBody } from '../engine.ts';
import { cleanText } from '../prompt-text.ts';
import { fitLines, type EvidenceQuestion } from '../questions.ts';
import { renderSeries } from './render-body.ts';

type MetricQuestion = Extract<EvidenceQuestion, { name: 'query_metrics' }>;

/**
 * Series of a service: each summed up before and during the incident with the change that was found in it. Points are listed where
 * one metric is asked for.
 */
export function answerMetrics(evidence: readonly EvidenceWithBody[], question: MetricQuestion): string {
  const { service, metric, from = '', to = '\uffff' } = question;
  const found = evidence.flatMap((item) => {
    const { body } = item;
    return body?.kind === 'metrics' && body.service === service ? [{ evidence: item.evidence, body }] : [];
  });
  if (found.length === 0) return `No metrics of ${service} were collected.`;
  const names = found.flatMap(({ body }) => body.series.map((series) => series.name));
  const lines = found.flatMap(({ evidence: item, body }) => {
    const shifts = findMetricShifts(item, body);
    return body.series
      .filter((series) => metric === undefined || series.name === metric)
      .flatMap((series) => {
        const points = series.points.filter(([at]) => at >= from && at < to);
        const shift = shifts.find((one) => one.name === series.name);
        const change = shift ? `; ${shift.direction} since ${shift.firstAt}` : '; no change found';
        const sums = `before ${sumUp(points, (at) => at < body.incidentFrom)}, during ${sumUp(points, (at) => at >= body.incidentFrom)}`;
        const head = cleanText(`${series.name} ${JSON.stringify(series.labels)}: ${sums}${change}`, 600);
        return metric === undefined ? [head] : [head, renderSeries({ ...series, points })];
      });
  });
  if (lines.length === 0)
    return `No metric of ${service} has that name; there are ${cleanText([...new Set(names)].join(', '), 2_000)}.`;
  return fitLines(lines);
}

function sumUp(points: MetricSeries['points'], isWanted: (at: string) => boolean): string {
  const values = points.filter(([at]) => isWanted(at)).map(([, value]) => value);
  if (values.length === 0) return 'nothing';
  const sorted = [...values].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return `${values.length} points, ${shorten(sorted[0])} to ${shorten(sorted.at(-1))}, median ${shorten(median)}, last ${shorten(values.at(-1))}`;
}

function shorten(value = 0): string {
  return String(Number(value.toPrecision(4)));
}
