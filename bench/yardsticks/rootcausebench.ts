/**
 * Scores the built-in analyst on RootCauseBench incidents: `npx tsx bench/yardsticks/rootcausebench.ts [--live] [--verbose] [case]`.
 * Reads the folder `rootcausebench` under RESIDENT_YARDSTICKS and skips, saying so, when that is unset. `--live` cuts the data at the
 * alert, as a running Resident would see it. Only `data/` is read, and never `patterns.json`; flags and status feeds have no adapter yet.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Alert } from '../../src/domain/incident/alert.ts';
import { analyseBundle } from '../../src/domain/analysis/analysis.ts';
import type { EngineInput, EvidenceWithBody } from '../../src/domain/diagnosis/engine.ts';
import type {
  Change,
  EvidenceBody,
  EvidenceKind,
  FileChange,
  LogLine,
  MetricSeries,
} from '../../src/domain/evidence/evidence.ts';

interface Truth {
  readonly root_cause_commit: string;
  readonly first_failing_service: string;
  readonly blast_radius: readonly string[];
  readonly decoy_deploy_commits: readonly string[];
}

interface RawCommit {
  readonly sha: string;
  readonly author: string;
  readonly timestamp: string;
  readonly message: string;
  readonly files_changed: readonly string[];
  readonly diff: string | null;
}

type Row = Readonly<Record<string, unknown>>;

const lookbackMs = 30 * 60_000;
const live = process.argv.includes('--live');
const verbose = process.argv.includes('--verbose');
/**
 * What is taken away, to see whether the analyst abstains or guesses: `--without=deploys,graph,metrics,logs,commits`; `culprit` hides
 * the culprit alone, so that every accusation is a wrong one.
 */
const without = (process.argv.find((argument) => argument.startsWith('--without='))?.slice(10) ?? '').split(',');
const only = process.argv.slice(2).find((argument) => !argument.startsWith('--'));

const root = process.env['RESIDENT_YARDSTICKS'];
if (root === undefined || !existsSync(path.join(root, 'rootcausebench'))) {
  console.log('rootcausebench: skipped, RESIDENT_YARDSTICKS does not point to a folder that holds it.');
} else {
  score(path.join(root, 'rootcausebench'));
}

function score(folder: string): void {
  const cases = readdirSync(folder, { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && (only === undefined || entry.name === only),
  );
  const sums = { exact: 0, service: 0, decoys: 0, none: 0, noneRight: 0, abstained: 0, wrong: 0, reward: 0 };
  for (const { name } of cases) {
    const truth = readJson(path.join(folder, name, 'truth.json')) as Truth;
    const input = loadIncident(
      path.join(folder, name, 'data'),
      without.includes('culprit') ? truth.root_cause_commit : '',
    );
    const startedMs = performance.now();
    const spread = analyseBundle({ window: { from: '', to: '' }, incidentFrom: '', input });
    const { diagnosis } = spread;
    const tookMs = Math.round(performance.now() - startedMs);
    const answered = diagnosis.verdict !== 'inconclusive';
    const isExact = answered && diagnosis.change === truth.root_cause_commit;
    const isDecoy = truth.decoy_deploy_commits.includes(diagnosis.change);
    const isService = spread.firstFailingService === truth.first_failing_service;
    const overlap = jaccard(spread.blastRadius, truth.blast_radius);
    sums.exact += Number(isExact);
    sums.service += Number(isService);
    sums.decoys += Number(isDecoy);
    sums.none += Number(truth.root_cause_commit === 'none');
    sums.noneRight += Number(isExact && truth.root_cause_commit === 'none');
    sums.abstained += Number(!answered);
    sums.wrong += Number(answered && !isExact);
    sums.reward += isExact ? 1 : isDecoy ? 0 : 0.5 * Number(isService) + 0.3 * overlap;
    const mark = isExact ? 'right' : !answered ? 'abstains' : isDecoy ? 'DECOY' : 'wrong';
    console.log(
      `${mark.padEnd(9)}${name.padEnd(38)}${diagnosis.change.slice(0, 8).padEnd(10)}${diagnosis.service.padEnd(24)}${diagnosis.confidence.toFixed(2)}  first ${isService ? 'right' : spread.firstFailingService}, blast ${overlap.toFixed(2)}, ${tookMs} ms`,
    );
    if (verbose) console.log(JSON.stringify(diagnosis, null, 1));
  }
  console.log(
    `exact ${sums.exact} of ${cases.length}; wrong ${sums.wrong}, of them decoys ${sums.decoys}; abstained ${sums.abstained}; first failing service ${sums.service}; recall of none ${sums.noneRight} of ${sums.none}; reward without remediation ${(sums.reward / Math.max(1, cases.length)).toFixed(3)}`,
  );
}

function loadIncident(data: string, hidden: string): EngineInput {
  const raw = readJson(path.join(data, 'alert.json')) as Readonly<Record<string, string>>;
  const firedMs = Date.parse(raw['fired_at'] ?? '');
  const untilMs = live ? firedMs + 60_000 : Infinity;
  const seen = <T extends { readonly timestamp: string }>(rows: readonly T[]) =>
    rows.filter((row) => Date.parse(row.timestamp) <= untilMs);
  const logs = seen(
    readFileSync(path.join(data, 'logs.ndjson'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Row & { timestamp: string }),
  );
  const metrics = seen(readMetrics(path.join(data, 'metrics.csv')));
  const commits = seen(readJson(path.join(data, 'context/commits.json')) as RawCommit[]).filter(
    (row) => row.sha !== hidden,
  );
  const deploys = seen(
    readJson(path.join(data, 'context/deploys.json')) as { timestamp: string; service: string; commit_sha: string }[],
  ).filter((row) => row.commit_sha !== hidden);
  const dependencies = without.includes('graph') ? {} : readCalls(readJson(path.join(data, 'traces.json')) as Row[]);
  const services = [
    ...new Set([
      ...logs.map((row) => String(row['service'])),
      ...metrics.map((row) => row.service),
      ...deploys.map((row) => row.service),
      ...Object.keys(dependencies),
      ...Object.values(dependencies).flat(),
    ]),
  ].sort();
  const times = [...logs, ...metrics].map((row) => row.timestamp).sort();
  const window = { from: times[0] ?? '', to: times.at(-1) ?? '' };
  const incidentFrom = new Date(firedMs - lookbackMs).toISOString();
  const wrap = (service: string, kind: EvidenceKind, body: EvidenceBody): EvidenceWithBody => ({
    evidence: {
      id: `${service}/${kind}/1`,
      service,
      kind,
      source: 'rootcausebench',
      query: kind,
      window,
      outcome: 'found',
      summary: kind,
      digest: 'none',
    },
    body,
  });
  const evidence = services.flatMap((service): EvidenceWithBody[] => {
    const lines = logs.filter((row) => row['service'] === service).map(toLine);
    const series = groupSeries(metrics.filter((row) => row.service === service));
    return [
      ...(lines.length > 0 && !without.includes('logs')
        ? [wrap(service, 'logs', { kind: 'logs', service, incidentFrom, lines })]
        : []),
      ...(series.length > 0 && !without.includes('metrics')
        ? [wrap(service, 'metrics', { kind: 'metrics', service, incidentFrom, series })]
        : []),
      wrap(service, 'changes', {
        kind: 'changes',
        service,
        changes: without.includes('commits') ? [] : commits.map((commit) => toChange(commit, service)),
      }),
      wrap(service, 'deploys', {
        kind: 'deploys',
        service,
        deploys: (without.includes('deploys') ? [] : deploys)
          .filter((row) => row.service === service)
          .map((row, i) => ({
            id: `${service}-${i + 1}`,
            service,
            revision: row.commit_sha,
            at: row.timestamp,
            status: 'succeeded' as const,
          })),
      }),
    ];
  });
  const alert: Alert = {
    id: 'alert',
    sender: 'rootcausebench',
    fingerprint: 'alert',
    status: 'firing',
    name: raw['monitor'] ?? '',
    service: raw['service'] ?? '',
    severity: 'critical',
    summary: raw['summary'] ?? '',
    labels: {},
    annotations: { metric: raw['metric'] ?? '', detail: raw['detail'] ?? '' },
    startsAt: raw['fired_at'] ?? '',
    receivedAt: raw['fired_at'] ?? '',
  };
  return {
    alerts: [alert],
    service: alert.service,
    dependencies,
    evidence,
    findings: [],
    lessons: [],
    guidance: [],
    rejected: [],
  };
}

function toLine(row: Row & { readonly timestamp: string }): LogLine {
  const { timestamp, service: _service, severity_text: level, msg, ...fields } = row;
  const known = String(level).toLowerCase();
  return {
    at: new Date(timestamp).toISOString(),
    level:
      known.startsWith('err') || known === 'fatal'
        ? 'error'
        : known.startsWith('warn')
          ? 'warn'
          : known === 'debug'
            ? 'debug'
            : 'info',
    message: String(msg),
    fields: fields as LogLine['fields'],
  };
}

/** Every service of the fleet lives in one repository here, so each sees every commit. */
function toChange(commit: RawCommit, service: string): Change {
  const [subject = '', ...body] = commit.message.split('\n');
  return {
    service,
    id: commit.sha,
    author: commit.author,
    at: new Date(commit.timestamp).toISOString(),
    subject,
    body: body.join('\n').trim(),
    files: splitFiles(commit),
  };
}

function splitFiles(commit: RawCommit): readonly FileChange[] {
  const diffs = new Map(commit.files_changed.map((file) => [file, '']));
  let current = commit.files_changed[0] ?? '';
  for (const line of (commit.diff ?? '').split('\n')) {
    const header = /^(?:\+\+\+ b\/|--- a\/|@@ )([\w./-]+)/.exec(line)?.[1];
    if (header !== undefined && diffs.has(header)) current = header;
    diffs.set(current, `${diffs.get(current) ?? ''}${line}\n`);
  }
  return [...diffs].map(([file, diff]) => ({ path: file, diff: diff.trim() === '' ? '' : diff }));
}

function readMetrics(file: string): readonly { timestamp: string; service: string; metric: string; value: number }[] {
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => {
      const [timestamp = '', service = '', metric = '', value = ''] = line.split(',');
      return { timestamp, service, metric, value: Number(value) };
    });
}

function groupSeries(rows: ReturnType<typeof readMetrics>): readonly MetricSeries[] {
  return [...new Set(rows.map((row) => row.metric))].map((name) => ({
    name,
    expression: name,
    labels: {},
    points: rows
      .filter((row) => row.metric === name)
      .map((row) => [new Date(row.timestamp).toISOString(), row.value] as const),
  }));
}

/** The call graph as the traces show it: a span of one service under a span of another. */
function readCalls(spans: readonly Row[]): Readonly<Record<string, readonly string[]>> {
  const services = new Map(spans.map((span) => [span['span_id'], String(span['service'])]));
  const calls: Record<string, string[]> = {};
  for (const span of spans) {
    const caller = services.get(span['parent_id']);
    const callee = String(span['service']);
    if (caller === undefined || caller === callee) continue;
    const known = (calls[caller] ??= []);
    if (!known.includes(callee)) known.push(callee);
  }
  return calls;
}

function jaccard(a: readonly string[], b: readonly string[]): number {
  const shared = a.filter((item) => b.includes(item)).length;
  const all = new Set([...a, ...b]).size;
  return all === 0 ? 1 : shared / all;
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}
