/**
 * PetShop (Hardt et al., CLeaR 2024): metrics and a call graph, and the node of it in which a fault was put. Layout: a folder a traffic
 * scenario, in it `graph.csv`, `noissue/metrics.csv` and splits of issues. README.md tells what is done about the traps of the data.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Analysis } from '../../src/domain/analysis/analysis.ts';
import type { Bundle } from '../../src/domain/evidence/bundle.ts';
import type { MetricSeries } from '../../src/domain/evidence/evidence.ts';
import type { Alert } from '../../src/domain/incident/alert.ts';
import { asEvidence, asInput } from './as-evidence.ts';
import type { Outcome, YardstickSet } from './run-set.ts';

/** What an issue's file says of its alert; the root cause beside it is read in `score` alone. */
interface Target {
  readonly node: string;
  readonly metric: string;
  readonly timestamp: number;
}

type Point = readonly [seconds: number, value: number];

interface Column {
  readonly node: string;
  readonly metric: string;
  readonly statistic: string;
  readonly points: readonly Point[];
}

const daySeconds = 86_400;
const lookbackSeconds = 1800;
/** A calm case is as long as an issue; one starts every four hours. */
const calmPoints = 5;
const calmStride = 48;

export const petshop: YardstickSet = {
  name: 'petshop',
  published: [
    { metric: 'latency top-1', who: 'best of the paper, low / high traffic', value: 0.571 },
    { metric: 'latency top-3', who: 'best of the paper, high traffic', value: 0.786 },
  ],
  goals: { 'latency top-1': 0.75, 'latency top-3': 0.9, specificity: 0.9 },
  isPresent: (root) => existsSync(path.join(root, 'petshop')),
  listCases: (root) =>
    listTraffics(root).flatMap((traffic) => [...listIssues(root, traffic), ...listCalm(root, traffic)]),
  load: (root, name) => Promise.resolve(name.includes('/calm-') ? loadCalm(root, name) : loadIssue(root, name)),
  score: (root, name, analysis) =>
    name.includes('/calm-') ? scoreCalm(name, analysis) : scoreIssue(root, name, analysis),
};

function listTraffics(root: string): readonly string[] {
  const folder = path.join(root, 'petshop');
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

function listIssues(root: string, traffic: string): readonly string[] {
  const folder = path.join(root, 'petshop', traffic);
  const splits = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return splits
    .flatMap((split) => readdirSync(path.join(folder, split.name)).map((issue) => `${traffic}/${split.name}/${issue}`))
    .filter((name) => existsSync(path.join(root, 'petshop', name, 'target.json')))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}

/** Calm cases leave the first day to the baseline of the first of them. */
function listCalm(root: string, traffic: string): readonly string[] {
  const file = path.join(root, 'petshop', traffic, 'noissue/metrics.csv');
  if (!existsSync(file)) return [];
  const rows = readFileSync(file, 'utf8').trim().split('\n').length - 4;
  const starts: string[] = [];
  for (let start = calmStride; start + calmPoints <= rows; start += calmStride) starts.push(`${traffic}/calm-${start}`);
  return starts;
}

function loadIssue(root: string, name: string): Bundle {
  const [traffic = ''] = name.split('/');
  const folder = path.join(root, 'petshop');
  const { target } = readJson(path.join(folder, name, 'target.json')) as { readonly target: Target };
  const issue = readColumns(path.join(folder, name, 'metrics.csv'));
  const calmFile = path.join(folder, traffic, 'noissue/metrics.csv');
  const calm = existsSync(calmFile) ? readColumns(calmFile) : [];
  if (issue.every(({ points }) => points.length === 0)) throw new Error(`metrics.csv of ${name} holds no point.`);
  const firstSeconds = Math.min(...issue.flatMap((column) => column.points.map(([at]) => at)));
  const columns = issue.map((column) => ({
    ...column,
    points: [...moveBefore(calm.find((other) => isSame(other, column))?.points ?? [], firstSeconds), ...column.points],
  }));
  return toBundle(readGraph(path.join(folder, traffic, 'graph.csv')), columns, target);
}

/** A stretch of calm data with an alert like those of the issues; the rest of the calm data is its baseline. */
function loadCalm(root: string, name: string): Bundle {
  const [traffic = '', start = ''] = name.split('/calm-');
  const folder = path.join(root, 'petshop', traffic);
  const from = Number(start);
  const columns = readColumns(path.join(folder, 'noissue/metrics.csv'));
  const times = [...new Set(columns.flatMap((column) => column.points.map(([at]) => at)))].sort((a, b) => a - b);
  const [firstSeconds = 0, lastSeconds = 0] = [times[from], times[from + calmPoints - 1]];
  const held = columns.map((column) => ({
    ...column,
    points: [
      ...moveBefore(
        column.points.filter(([at]) => at > lastSeconds),
        times[0] ?? 0,
      ),
      ...column.points.filter(([at]) => at <= lastSeconds),
    ],
  }));
  const targets = listIssues(root, traffic).map(
    (issue) => (readJson(path.join(root, 'petshop', issue, 'target.json')) as { readonly target: Target }).target,
  );
  const target = targets[Math.floor(from / calmStride) % Math.max(1, targets.length)] ?? {
    node: columns[0]?.node ?? '',
    metric: 'latency',
    timestamp: 0,
  };
  return toBundle(readGraph(path.join(folder, 'graph.csv')), held, { ...target, timestamp: firstSeconds + 600 });
}

/** Moves points back or forth by whole days, so that the hours stay what they were and the last of them lies before a time. */
function moveBefore(points: readonly Point[], beforeSeconds: number): readonly Point[] {
  const last = points.at(-1)?.[0] ?? 0;
  const days = Math.floor((beforeSeconds - 1 - last) / daySeconds);
  return points.map(([at, value]) => [at + days * daySeconds, value]);
}

function toBundle(
  graph: Readonly<Record<string, readonly string[]>>,
  columns: readonly Column[],
  target: Target,
): Bundle {
  const incidentFrom = toIso(target.timestamp - lookbackSeconds);
  const seconds = columns.flatMap((column) => column.points.map(([at]) => at));
  const [first, last] = seconds.reduce(([low, high], at) => [Math.min(low, at), Math.max(high, at)], [Infinity, 0]);
  const window = { from: toIso(first), to: toIso(last) };
  const nodes = [...new Set(columns.map((column) => column.node))];
  const evidence = nodes.map((node) =>
    asEvidence('petshop', window, {
      kind: 'metrics',
      service: node,
      incidentFrom,
      series: columns.filter((column) => column.node === node && column.points.length > 0).map(toSeries),
    }),
  );
  const alert: Alert = {
    id: 'alert',
    sender: 'petshop',
    fingerprint: 'alert',
    status: 'firing',
    name: `${target.metric} of ${target.node}`,
    service: target.node,
    severity: 'critical',
    summary: `${target.metric} of ${target.node} violates its objective`,
    labels: {},
    annotations: {},
    startsAt: toIso(target.timestamp),
    receivedAt: toIso(target.timestamp),
  };
  return {
    window,
    incidentFrom,
    input: asInput({
      alerts: [alert],
      service: target.node,
      dependencies: graph,
      evidence,
    }),
  };
}

/** Latency is in seconds, requests are counted a point, availability is a percentage. */
function toSeries({ metric, statistic, points }: Column): MetricSeries {
  const unit = metric === 'latency' ? ' seconds' : metric === 'availability' ? ' percent' : '';
  const name = `${metric}${unit} ${statistic}`;
  return {
    name,
    expression: name,
    labels: { statistic },
    points: points.map(([at, value]) => [toIso(at), value]),
  };
}

/** Three header rows (node, metric, statistic), one with the name of the index, then one row a time; an empty cell is no point. */
function readColumns(file: string): readonly Column[] {
  const [nodes = [], metrics = [], statistics = [], , ...rows] = readCsv(file);
  return nodes.slice(1).map((node, i) => ({
    node,
    metric: metrics[i + 1] ?? '',
    statistic: statistics[i + 1] ?? '',
    points: rows.flatMap((row): Point[] => {
      const cell = row[i + 1];
      return cell === undefined || cell === '' || !Number.isFinite(Number(cell))
        ? []
        : [[Number(row[0]), Number(cell)]];
    }),
  }));
}

/** Row calls column; without the file nobody is known to call anybody. */
function readGraph(file: string): Readonly<Record<string, readonly string[]>> {
  if (!existsSync(file)) return {};
  const [[, ...callees] = [], ...rows] = readCsv(file);
  return Object.fromEntries(
    rows.map(([caller = '', ...cells]) => [caller, callees.filter((_, i) => Number(cells[i]) > 0)]),
  );
}

/** Place of the root node; where others have the same score it counts as behind all of them. */
function scoreIssue(root: string, name: string, { diagnosis, ranking }: Analysis): Outcome {
  const { target, root_cause: truth } = readJson(path.join(root, 'petshop', name, 'target.json')) as {
    readonly target: Target;
    readonly root_cause?: { readonly node: string };
  };
  if (!truth) throw new Error(`target.json of ${name} has no root_cause; nothing can be scored.`);
  const own = ranking.find((item) => item.service === truth.node);
  const place = own && own.score > 0 ? ranking.filter((item) => item.score >= own.score).length : Infinity;
  const isCause = diagnosis.verdict === 'cause';
  const [traffic = ''] = name.split('/');
  const figures = { 'top-1': Number(place === 1), 'top-3': Number(place <= 3) };
  const named = (prefix: string) => Object.entries(figures).map(([key, value]) => [`${prefix} ${key}`, value] as const);
  return {
    case: name,
    result: !isCause ? 'abstained' : diagnosis.service === truth.node ? 'right' : 'wrong',
    confidence: diagnosis.confidence,
    said: `${diagnosis.verdict} ${diagnosis.service}; ranked ${ranking
      .slice(0, 3)
      .map((item) => `${item.service} ${item.score.toFixed(2)}`)
      .join(', ')}`,
    expected: `${truth.node} (${target.metric} of ${target.node}), is at ${place}`,
    metrics: Object.fromEntries([...named(target.metric), ...named(`${target.metric} ${traffic}`)]),
  };
}

function scoreCalm(name: string, { diagnosis }: Analysis): Outcome {
  const isCause = diagnosis.verdict === 'cause';
  return {
    case: name,
    result: isCause ? 'wrong' : 'right',
    ...(isCause ? { confidence: diagnosis.confidence } : {}),
    said: `${diagnosis.verdict} ${diagnosis.service}`,
    expected: 'no cause',
    metrics: { specificity: Number(!isCause), [`specificity ${name.split('/')[0] ?? ''}`]: Number(!isCause) },
  };
}

function isSame(a: Column, b: Column): boolean {
  return a.node === b.node && a.metric === b.metric && a.statistic === b.statistic;
}

function readCsv(file: string): readonly (readonly string[])[] {
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.replace(/\r$/, '').split(','));
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}

function toIso(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
