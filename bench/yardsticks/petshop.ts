/**
 * Scores where the analyst puts the root node of PetShop's issues: `npx tsx bench/yardsticks/petshop.ts [--verbose]`. Metrics and a call
 * graph only: no logs, no changes. Reads the folder `petshop` under RESIDENT_YARDSTICKS and skips, saying so, when that is unset.
 * PetShop (Hardt et al., CLeaR 2024) scores the rank of the root node from latency and availability of every node of the graph.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gatherFacts } from '../../src/domain/analysis/facts.ts';
import { followCalls, isAnomalous } from '../../src/domain/analysis/suspicion.ts';
import type { EvidenceWithBody } from '../../src/domain/diagnosis/engine.ts';
import type { MetricSeries } from '../../src/domain/evidence/evidence.ts';

interface Target {
  readonly target: { readonly node: string; readonly metric: string; readonly timestamp: number };
  readonly root_cause: { readonly node: string };
}

type Series = MetricSeries & { readonly node: string };

const verbose = process.argv.includes('--verbose');
const root = process.env['RESIDENT_YARDSTICKS'];
if (root === undefined || !existsSync(path.join(root, 'petshop'))) {
  console.log('petshop: skipped, RESIDENT_YARDSTICKS does not point to a folder that holds it.');
} else {
  for (const traffic of ['low_traffic', 'high_traffic']) score(path.join(root, 'petshop', traffic), traffic);
}

function score(folder: string, name: string): void {
  const graph = readGraph(path.join(folder, 'graph.csv'));
  const calm = readMetrics(path.join(folder, 'noissue/metrics.csv'));
  const sums = { cases: 0, top1: 0, top3: 0 };
  for (const issue of readdirSync(path.join(folder, 'train')).sort()) {
    const { target, root_cause: truth } = JSON.parse(
      readFileSync(path.join(folder, 'train', issue, 'target.json'), 'utf8'),
    ) as Target;
    const ranking = rank(graph, target.node, calm, readMetrics(path.join(folder, 'train', issue, 'metrics.csv')));
    const place = ranking.indexOf(truth.node);
    sums.cases += 1;
    sums.top1 += Number(place === 0);
    sums.top3 += Number(place >= 0 && place < 3);
    if (verbose)
      console.log(`${name} ${issue}: root ${truth.node} at ${place + 1 || 'none'}; ${ranking.slice(0, 3).join(', ')}`);
  }
  // Half an hour from the end of the calm data is held against the rest of it: nothing may be suspected there.
  const held = calm.map((series) => ({ ...series, points: series.points.slice(-6) }));
  const rest = calm.map((series) => ({ ...series, points: series.points.slice(0, -6) }));
  const falsely = rank(graph, 'PetSite', rest, held).length;
  console.log(
    `${name}: top-1 ${sums.top1} of ${sums.cases}, top-3 ${sums.top3} of ${sums.cases}; suspected in calm data: ${falsely} nodes`,
  );
}

/** Suspect nodes, most suspect first: anomalous ones by the walk along the call graph from the node that alerted. */
function rank(
  graph: Readonly<Record<string, readonly string[]>>,
  alerting: string,
  calm: readonly Series[],
  issue: readonly Series[],
): readonly string[] {
  const incidentFrom = issue.flatMap((series) => series.points.map(([at]) => at)).sort()[0] ?? '';
  const nodes = [...new Set(issue.map((series) => series.node))];
  const evidence = nodes.map((node): EvidenceWithBody => {
    const series = issue
      .filter((item) => item.node === node)
      .map((item) => ({ ...item, points: [...lastDay(calm, item, incidentFrom), ...item.points] }));
    const times = series.flatMap((item) => item.points.map(([at]) => at)).sort();
    return {
      evidence: {
        id: `${node}/metrics/1`,
        service: node,
        kind: 'metrics',
        source: 'petshop',
        query: '*',
        window: { from: times[0] ?? incidentFrom, to: times.at(-1) ?? incidentFrom },
        outcome: 'found',
        summary: '',
        digest: 'none',
      },
      body: { kind: 'metrics', service: node, incidentFrom, series },
    };
  });
  const facts = gatherFacts({ service: alerting, dependencies: graph, evidence });
  return followCalls(facts, alerting)
    .filter((item) => isAnomalous(facts, item.service))
    .map((item) => item.service);
}

/** The calm series of a node, moved so that it ends where the issue begins. */
function lastDay(calm: readonly Series[], item: Series, incidentFrom: string): Series['points'] {
  const points = (calm.find((other) => other.node === item.node && other.name === item.name)?.points ?? []).slice(-288);
  const shiftMs = Date.parse(incidentFrom) - 300_000 - Date.parse(points.at(-1)?.[0] ?? incidentFrom);
  return points.map(([at, value]) => [new Date(Date.parse(at) + shiftMs).toISOString(), value] as const);
}

/** Three header rows (node, metric, statistic), then one row a time; averages only. */
function readMetrics(file: string): readonly Series[] {
  const [nodes = [], metrics = [], statistics = [], , ...rows] = readCsv(file);
  return nodes.flatMap((node, column): Series[] => {
    const isRate = metrics[column] === 'availability';
    if (column === 0 || statistics[column] !== 'Average' || (metrics[column] !== 'latency' && !isRate)) return [];
    const points = rows.flatMap((row) => {
      const [seconds, value] = [Number(row[0]), row[column]];
      if (value === undefined || value === '' || !Number.isFinite(seconds)) return [];
      const number = isRate ? 100 - Number(value) : Number(value);
      return [[new Date(seconds * 1000).toISOString(), number] as const];
    });
    const name = isRate ? 'error percentage' : 'latency';
    return points.length === 0 ? [] : [{ node, name, expression: name, labels: {}, points }];
  });
}

function readGraph(file: string): Readonly<Record<string, readonly string[]>> {
  const [[, ...callees] = [], ...rows] = readCsv(file);
  return Object.fromEntries(
    rows.map(([caller = '', ...cells]) => [caller, callees.filter((_, i) => Number(cells[i]) > 0)]),
  );
}

function readCsv(file: string): readonly (readonly string[])[] {
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.trim().split(','));
}
