/**
 * RootCauseBench: alert, logs, metrics, spans, commits with diffs, deploys, flags and a provider's status feed. Only `data/` becomes
 * evidence, and `patterns.json` in it is somebody else's work and is not read. What is asked: the culprit commit or `none`.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Analysis } from '../../src/domain/analysis/analysis.ts';
import type { Remediation } from '../../src/domain/analysis/remediation.ts';
import type { EvidenceWithBody } from '../../src/domain/diagnosis/engine.ts';
import type { Bundle } from '../../src/domain/evidence/bundle.ts';
import type { EvidenceBody } from '../../src/domain/evidence/evidence.ts';
import type { Alert } from '../../src/domain/incident/alert.ts';
import { asEvidence, asInput, includeTime } from './as-evidence.ts';
import {
  readCommits,
  readDeploys,
  readFlags,
  readLogs,
  readMetrics,
  readSpans,
  readStatusFeed,
} from './rootcausebench-files.ts';
import type { Outcome, YardstickSet } from './run-set.ts';

interface Truth {
  readonly root_cause_commit: string;
  readonly first_failing_service?: string;
  readonly blast_radius?: readonly string[];
  readonly remediation?: string;
  readonly decoy_deploy_commits?: readonly string[];
}

/** An alert fires after its fault began; so much of what lies before it is taken for the incident. */
const lookbackMs = 30 * 60_000;

/** The set's words for what we recommend. */
const remediations: Readonly<Record<Remediation, readonly string[]>> = {
  'deploy.rollback': ['rollback'],
  'config.rollback': ['rollback'],
  'flag.revert': ['flag-off', 'disable-flag', 'rollback'],
  'service.restart': ['restart'],
  'certificate.renew': ['rotate-cert'],
  'capacity.add': ['scale', 'scale-up', 'scale-out'],
  failover: ['failover', 'escalate-upstream'],
  'platform.repair': ['failover', 'escalate'],
  none: ['none'],
};

const folderOf = (root: string, ...parts: readonly string[]) => path.join(root, 'rootcausebench', ...parts);

export const rootcausebench: YardstickSet = {
  name: 'rootcausebench',
  goals: { exact: 0.8, decoys: 0, 'recall of none': 1 },
  published: [
    { metric: 'exact', who: 'best script (7 of 24)', value: 0.29 },
    { metric: 'exact', who: 'always none (7 of 24)', value: 0.29 },
    { metric: 'exact', who: 'language models, worst', value: 0.29 },
    { metric: 'exact', who: 'language models, best', value: 1 },
    { metric: 'decoys', who: 'best script (17 of 24)', value: 0.71 },
  ],
  ofFailed: { exact: 0, 'graded reward': 0 },
  isPresent: (root) => existsSync(folderOf(root)),
  listCases: (root) =>
    readdirSync(folderOf(root), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && existsSync(folderOf(root, entry.name, 'data')))
      .map((entry) => entry.name)
      .sort(),
  load: async (root, name) => loadIncident(folderOf(root, name, 'data')),
  score: (root, name, analysis) =>
    scoreCase(name, JSON.parse(readFileSync(folderOf(root, name, 'truth.json'), 'utf8')) as Truth, analysis),
};

function scoreCase(name: string, truth: Truth, analysis: Analysis): Outcome {
  if (typeof truth.root_cause_commit !== 'string')
    throw new Error(`truth.json of ${name} has no root_cause_commit; nothing can be scored.`);
  const { diagnosis } = analysis;
  const isAnswered = diagnosis.verdict !== 'inconclusive';
  const isExact = isAnswered && diagnosis.change === truth.root_cause_commit;
  const isDecoy = truth.decoy_deploy_commits?.includes(diagnosis.change) ?? false;
  const { first_failing_service: first, remediation, blast_radius: radius } = truth;
  const isService = analysis.firstFailingService === first;
  const isRemedied = remediation !== undefined && remediations[analysis.remediation].includes(remediation);
  const overlap = radius === undefined ? 0 : jaccard(analysis.blastRadius, radius);
  const partial = 0.5 * (0.5 * Number(isService) + 0.3 * overlap + 0.2 * Number(isRemedied));
  return {
    case: name,
    result: isExact ? 'right' : isAnswered ? 'wrong' : 'abstained',
    confidence: diagnosis.confidence,
    decoysBlamed: Number(isDecoy),
    said: `${diagnosis.change.slice(0, 12)} in ${diagnosis.service || 'no service'}; first ${analysis.firstFailingService}; ${analysis.remediation}`,
    expected: `${truth.root_cause_commit.slice(0, 12)}; first ${first ?? 'not told'}; ${remediation ?? 'not told'}`,
    metrics: {
      exact: Number(isExact),
      decoys: Number(isDecoy),
      ...(truth.root_cause_commit === 'none' ? { 'recall of none': Number(isExact) } : {}),
      ...(first === undefined ? {} : { 'first failing service': Number(isService) }),
      ...(radius === undefined ? {} : { 'blast radius jaccard': overlap }),
      ...(remediation === undefined ? {} : { remediation: Number(isRemedied) }),
      'graded reward': isExact ? 1 : isDecoy ? 0 : partial,
    },
  };
}

function loadIncident(data: string): Bundle {
  const raw = JSON.parse(readFileSync(path.join(data, 'alert.json'), 'utf8')) as Readonly<Record<string, unknown>>;
  const of = (key: string) => (typeof raw[key] === 'string' ? raw[key] : '');
  if (Number.isNaN(Date.parse(of('fired_at')))) throw new Error(`${data}/alert.json has no time in fired_at.`);
  const firedAt = new Date(of('fired_at')).toISOString();
  const logs = readLogs(path.join(data, 'logs.ndjson'));
  const metrics = readMetrics(path.join(data, 'metrics.csv'));
  const spans = readSpans(path.join(data, 'traces.json'));
  const commits = readCommits(path.join(data, 'context/commits.json'));
  const deploys = readDeploys(path.join(data, 'context/deploys.json'));
  const flags = readFlags(path.join(data, 'context/flags.json'));
  const events = readStatusFeed(path.join(data, 'status_feed.json'));
  const services = [
    ...new Set([of('service'), ...[...logs, ...metrics, ...deploys, ...spans, ...flags].map((item) => item.service)]),
  ].sort();
  const times = [
    ...logs.map(({ line }) => line.at),
    ...metrics.flatMap(({ series }) => series.points.map(([at]) => at)),
  ];
  times.sort();
  const incidentFrom = new Date(Date.parse(firedAt) - lookbackMs).toISOString();
  const window = includeTime(
    { from: times[0] ?? firedAt, to: new Date(Date.parse(times.at(-1) ?? firedAt) + 1).toISOString() },
    incidentFrom,
  );
  const alert: Alert = {
    id: 'alert',
    sender: 'rootcausebench',
    fingerprint: 'alert',
    status: 'firing',
    name: of('monitor'),
    service: of('service'),
    severity: 'critical',
    summary: of('summary'),
    labels: {},
    annotations: { metric: of('metric'), detail: of('detail') },
    startsAt: firedAt,
    receivedAt: firedAt,
  };
  const own = <T extends { readonly service: string }>(items: readonly T[], service: string) =>
    items.filter((item) => item.service === service);
  const evidence = services.flatMap((service): readonly EvidenceWithBody[] => {
    // Every service of the fleet lives in one repository here, so each sees every commit.
    const always: readonly EvidenceBody[] = [
      { kind: 'changes', service, changes: commits.map((commit) => ({ ...commit, service })) },
      { kind: 'deploys', service, deploys: own(deploys, service) },
    ];
    const lines = own(logs, service).map(({ line }) => line);
    const series = own(metrics, service).map((item) => item.series);
    const bodies: readonly EvidenceBody[] = [
      ...(lines.length > 0 ? [{ kind: 'logs' as const, service, incidentFrom, lines }] : []),
      ...(series.length > 0 ? [{ kind: 'metrics' as const, service, incidentFrom, series }] : []),
      ...(own(spans, service).length > 0
        ? [{ kind: 'traces' as const, service, incidentFrom, spans: own(spans, service) }]
        : []),
      ...(own(flags, service).length > 0 ? [{ kind: 'flags' as const, service, flags: own(flags, service) }] : []),
      // A status page is about nobody's service; whoever alerted asked for it.
      ...(service === alert.service && events.length > 0
        ? [{ kind: 'events' as const, service, incidentFrom, events }]
        : []),
    ];
    return [...bodies, ...always].map((body) => asEvidence('rootcausebench', window, body));
  });
  return {
    window,
    incidentFrom,
    input: asInput({
      alerts: [alert],
      service: alert.service,
      // None is given; the spans show who calls whom.
      dependencies: {},
      evidence,
    }),
  };
}

function jaccard(a: readonly string[], b: readonly string[]): number {
  const shared = a.filter((item) => b.includes(item)).length;
  const all = new Set([...a, ...b]).size;
  return all === 0 ? 1 : shared / all;
}
