/**
 * OpenSRE: what Kubernetes, RDS, CloudWatch, Performance Insights and Datadog answered in an incident, recorded in a scenario. What
 * is asked: the category of the cause, with words that the argument must hold; some scenarios are healthy.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import type { Analysis } from '../../src/domain/analysis/analysis.ts';
import type { CauseCategory, Diagnosis } from '../../src/domain/diagnosis/diagnosis.ts';
import type { EvidenceWithBody } from '../../src/domain/diagnosis/engine.ts';
import type { Bundle } from '../../src/domain/evidence/bundle.ts';
import type { PlatformEvent } from '../../src/domain/evidence/evidence.ts';
import type { Alert } from '../../src/domain/incident/alert.ts';
import { asEvidence, asInput, includeTime } from './as-evidence.ts';
import {
  readCloudWatch,
  readDatabaseEvents,
  readDatadogLogs,
  readDeployments,
  readInsights,
  readKubernetesEvents,
  readMonitors,
  readNodes,
  readPodLogs,
  readPods,
  rowsOf,
  type Row,
} from './opensre-files.ts';
import type { Outcome, YardstickSet } from './run-set.ts';

interface Answer {
  readonly root_cause_category: string;
  readonly required_keywords?: readonly string[];
  readonly forbidden_categories?: readonly string[];
  readonly forbidden_keywords?: readonly string[];
  readonly ruling_out_keywords?: readonly string[];
}

/** The set's words for our categories. `cpu_saturation` and the like, which some answers forbid, are no categories of ours. */
const categories: Readonly<Record<CauseCategory, string>> = {
  'code-change': 'code_defect',
  'config-change': 'configuration_error',
  'outside-dependency': 'dependency_failure',
  resource: 'resource_exhaustion',
  traffic: 'resource_exhaustion',
  infrastructure: 'infrastructure',
  none: 'healthy',
  unknown: 'unknown',
};

/** Recorded states carry no start of the incident; events older than this before the newest record belong to its past. */
const incidentMs = 60 * 60_000;

const folderOf = (root: string, ...parts: readonly string[]) => path.join(root, 'opensre', ...parts);

export const opensre: YardstickSet = {
  name: 'opensre',
  goals: {
    category: 14 / 16,
    'category and keywords': 14 / 16,
    'forbidden category': 0,
    'cause for a healthy case': 0,
  },
  ofFailed: { category: 0, 'category and keywords': 0 },
  isPresent: (root) => existsSync(folderOf(root)),
  listCases: (root) =>
    readdirSync(folderOf(root), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .flatMap((suite) =>
        readdirSync(folderOf(root, suite.name))
          .filter((name) => existsSync(folderOf(root, suite.name, name, 'answer.yml')))
          .map((name) => `${suite.name}/${name}`),
      )
      .sort(),
  load: async (root, name) => loadScenario(folderOf(root, name)),
  score: (root, name, analysis) =>
    scoreCase(name, parse(readFileSync(folderOf(root, name, 'answer.yml'), 'utf8')) as Answer | null, analysis),
};

function scoreCase(name: string, answer: Answer | null, { diagnosis }: Analysis): Outcome {
  if (!answer?.root_cause_category)
    throw new Error(`answer.yml of ${name} has no root_cause_category; nothing can be scored.`);
  const said = diagnosis.verdict === 'inconclusive' ? 'unknown' : categories[diagnosis.category];
  const text = tell(diagnosis).toLowerCase();
  const missing = (answer.required_keywords ?? []).filter((word) => !text.includes(word.toLowerCase()));
  const banned = (answer.forbidden_keywords ?? []).filter((word) => text.includes(word.toLowerCase()));
  const isForbidden = answer.forbidden_categories?.includes(said) === true;
  const isRight = said === answer.root_cause_category && !isForbidden;
  const excluding = answer.ruling_out_keywords ?? [];
  return {
    case: name,
    result: isRight ? 'right' : said === 'unknown' ? 'abstained' : 'wrong',
    confidence: diagnosis.confidence,
    said: `${said} (${diagnosis.condition ?? diagnosis.verdict})${missing.length + banned.length > 0 ? `; lacks ${missing.join(', ') || 'nothing'}; says ${banned.join(', ') || 'nothing banned'}` : ''}`,
    expected: answer.root_cause_category,
    metrics: {
      category: Number(isRight),
      'category and keywords': Number(isRight && missing.length === 0 && banned.length === 0),
      'forbidden category': Number(isForbidden),
      ...(answer.root_cause_category === 'healthy'
        ? { 'cause for a healthy case': Number(diagnosis.verdict === 'cause') }
        : {}),
      ...(excluding.length > 0
        ? {
            'words that rule out':
              excluding.filter((word) => text.includes(word.toLowerCase())).length / excluding.length,
          }
        : {}),
    },
  };
}

/** The whole argument as a person reads it. */
function tell({ statement, against, ruledOut }: Diagnosis): string {
  return [
    ...[...statement, ...against].map((claim) => claim.text),
    ...ruledOut.map((item) => `${item.candidate}: ${item.reason}`),
  ].join('\n');
}

/** Files of a scenario by name, those of its base below its own; `available_evidence` says which of them could be asked for. */
function listFiles(folder: string): { readonly files: ReadonlyMap<string, string>; readonly scenario: Row } {
  const file = path.join(folder, 'scenario.yml');
  const own = existsSync(file) ? ((parse(readFileSync(file, 'utf8')) ?? {}) as Row) : {};
  const base = typeof own['base'] === 'string' ? listFiles(path.join(folder, '..', own['base'])) : undefined;
  const scenario = { ...base?.scenario, ...own };
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  const files = new Map(base?.files ?? []);
  for (const name of names) {
    // A file of all metrics takes the place of the base's files of one metric each.
    const stem = name.replace(/\.json$/, '');
    for (const known of [...files.keys()]) if (known === name || known.startsWith(`${stem}_`)) files.delete(known);
    files.set(name, path.join(folder, name));
  }
  const asked = Array.isArray(scenario['available_evidence']) ? scenario['available_evidence'].map(String) : [];
  const isAsked = (name: string) =>
    asked.length === 0 || name === 'alert.json' || asked.some((one) => name.startsWith(one));
  return { files: new Map([...files].filter(([name]) => isAsked(name))), scenario };
}

function loadScenario(folder: string): Bundle {
  const { files, scenario } = listFiles(folder);
  const read = (name: string): unknown => {
    const file = files.get(name);
    const text = file === undefined ? '' : readFileSync(file, 'utf8').trim();
    return text === '' ? undefined : JSON.parse(text);
  };
  const raw = (read('alert.json') ?? {}) as Row;
  if (typeof raw['commonLabels'] !== 'object') throw new Error(`${folder} has no alert.json with commonLabels.`);
  const labels = raw['commonLabels'] as Readonly<Record<string, string>>;
  const instance = scenario['db_instance_identifier'];
  const service = typeof instance === 'string' && instance !== '' ? instance : (labels['service'] ?? 'service');

  const metricFiles = [...files.keys()].filter((name) => name.startsWith('aws_cloudwatch_metrics'));
  const series = metricFiles.flatMap((name) => readCloudWatch(read(name)));
  const insights = files.has('aws_performance_insights.json')
    ? readInsights(read('aws_performance_insights.json'))
    : [];
  const logs = readDatadogLogs(read('datadog_logs.json'));
  const fixedEvents = [
    ...readKubernetesEvents(read('eks_events.json')),
    ...readDatabaseEvents(read('aws_rds_events.json')),
  ];
  const times = [
    ...series.flatMap((item) => item.points.map(([at]) => at)),
    ...fixedEvents.flatMap((item) => [item.at, item.lastAt ?? item.at]),
    ...logs.map(({ line }) => line.at),
    ...rowsOf(read('eks_pods.json'), 'pods').map((pod) => new Date(String(pod['start_time'])).toISOString()),
  ]
    .filter((at) => at !== '')
    .sort();
  const now = times.at(-1);
  if (now === undefined) throw new Error(`${folder} holds no evidence with a time, and its alert has none.`);
  const metricStart = series.flatMap((item) => item.points.map(([at]) => at)).sort()[0];
  const incidentFrom = metricStart ?? new Date(Date.parse(now) - incidentMs).toISOString();
  const window = includeTime(
    { from: times[0] ?? now, to: new Date(Date.parse(now) + 1000).toISOString() },
    incidentFrom,
  );

  const events = [
    ...fixedEvents,
    ...readPods(read('eks_pods.json'), now, incidentFrom),
    ...readNodes(read('eks_node_health.json'), now),
    ...readDeployments(read('eks_deployments.json'), now),
    ...readMonitors(read('datadog_monitors.json'), now),
  ].sort((a: PlatformEvent, b: PlatformEvent) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  const podLines = files.has('eks_pod_logs.json') ? readPodLogs(read('eks_pod_logs.json'), now) : [];
  const services = [...new Set([...logs.map((item) => item.service), ...(podLines.length > 0 ? [service] : [])])];
  const evidence: readonly EvidenceWithBody[] = [
    asEvidence('platform', window, { kind: 'events', service, incidentFrom, events }),
    ...services.map((name) => {
      const lines = [
        ...logs.filter((item) => item.service === name).map((item) => item.line),
        ...(name === service ? podLines : []),
      ];
      lines.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
      return asEvidence('logs', window, { kind: 'logs', service: name, incidentFrom, lines });
    }),
    ...(series.length > 0
      ? [asEvidence('CloudWatch', window, { kind: 'metrics', service, incidentFrom, series })]
      : []),
    ...(insights.length > 0
      ? [asEvidence('Performance Insights', window, { kind: 'metrics', service, incidentFrom, series: insights }, 2)]
      : []),
  ];
  return {
    window,
    incidentFrom,
    input: asInput({
      alerts: [toAlert(raw, service, now)],
      service,
      dependencies: {},
      evidence,
    }),
  };
}

/** The alert without what gives the answer away: `*_failure_mode`, which is the scenario's own label, and the symptom that is suspected. */
function toAlert(raw: Row, service: string, now: string): Alert {
  const clean = (value: unknown): Record<string, string> =>
    Object.fromEntries(
      Object.entries(value as Record<string, unknown>)
        .filter(([key]) => !/failure_mode|suspected_symptom|context_sources|pipeline_name/.test(key))
        .map(([key, item]) => [key, String(item)]),
    );
  const { summary = '', ...annotations } = clean(raw['commonAnnotations']);
  const labels = clean(raw['commonLabels']);
  const severity = labels['severity'];
  return {
    id: 'alert',
    sender: String(raw['alert_source']),
    fingerprint: 'alert',
    status: raw['state'] === 'normal' ? 'resolved' : 'firing',
    name: labels['alertname'] ?? String(raw['title']),
    service,
    severity: severity === 'critical' || severity === 'warning' ? severity : 'info',
    summary,
    labels,
    annotations,
    startsAt: now,
    receivedAt: now,
  };
}
