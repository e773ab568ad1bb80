/**
 * Faults that were injected into microservices, with logs, traces and metrics a minute each (Yu et al., Nezha, ESEC/FSE 2023). Reads
 * every folder `nezha*` of the yardsticks; bench/diagnosis/README.md tells what it does with the traps of the data.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { SuspectRegion } from '../../src/domain/analysis/spans/code-regions.ts';
import type { Alert } from '../../src/domain/incident/alert.ts';
import type { EvidenceWithBody } from '../../src/domain/diagnosis/engine.ts';
import type { Bundle } from '../../src/domain/evidence/bundle.ts';
import type { EvidenceBody, EvidenceKind } from '../../src/domain/evidence/evidence.ts';
import { asInput } from './as-evidence.ts';
import {
  listFiles,
  readCsv,
  readLogs,
  readMetrics,
  readSpans,
  serviceOf,
  type LogRow,
  type SpanRow,
} from './nezha-files.ts';
import type { Outcome, YardstickSet } from './run-set.ts';

interface Fault {
  readonly inject_time: string;
  readonly inject_pod: string;
  readonly inject_type: string;
  readonly day: string;
}

/** A diagnosis that is so sure counts, whatever the ranking beside it says. */
const confidentFrom = 0.8;

type Regions = Readonly<Record<string, Readonly<Record<string, string>>>>;

const minuteMs = 60_000;
/** Each fault is held for about three minutes; the paper reads what the minutes after its injection show. */
const faultyMs = 3 * minuteMs;
/** Metrics are read so far back; they come once a minute. */
const metricsBeforeMs = 60 * minuteMs;
/** The fault-free traces, which were taken at another hour, are moved to end so long before the fault. */
const gapMs = 1000;

export const nezha: YardstickSet = {
  name: 'nezha',
  published: [
    { metric: 'service AS@1', who: 'Nezha', value: 86.7 },
    { metric: 'service AS@1', who: 'Nezha without metrics', value: 55.6 },
    { metric: 'service AS@1', who: 'Nezha without logs', value: 42.2 },
    { metric: 'service AS@1', who: 'next best', value: 20 },
  ],
  ofFailed: { 'service AS@1': 0, 'service AS@3': 0 },
  goals: { 'service AS@1': 87 },
  isPresent: (root) => listFolders(root).length > 0,
  listCases: (root) =>
    listFolders(root).flatMap((folder) =>
      readFaults(path.join(root, folder)).map((_, index) => `${folder}/${index + 1}`),
    ),
  load: async (root, name) => {
    const { folder, fault } = findCase(root, name);
    return load(folder, fault.day, Date.parse(`${fault.inject_time.replace(' ', 'T')}Z`));
  },
  score(root, name, analysis): Outcome {
    const { folder, fault } = findCase(root, name);
    const service = serviceOf(fault.inject_pod);
    const place = analysis.ranking.findIndex((item) => item.service === service);
    const top = analysis.ranking[0];
    const region = readRegions(folder)[service]?.[fault.inject_type] ?? '';
    const regionPlace = (analysis.regions ?? []).findIndex(
      (item) => item.service === service && isRegion(item, region),
    );
    const isTold = top !== undefined && top.score > 0;
    const { diagnosis } = analysis;
    const isNamed = diagnosis.verdict === 'cause' && diagnosis.service === service;
    const isMisled = diagnosis.verdict === 'cause' && !isNamed && diagnosis.confidence >= confidentFrom;
    return {
      case: `${name} ${fault.inject_time} ${fault.inject_type}`,
      result: isMisled ? 'wrong' : !isTold ? 'abstained' : place === 0 ? 'right' : 'wrong',
      ...(diagnosis.verdict === 'cause' ? { confidence: diagnosis.confidence } : {}),
      said: `${isTold ? top.service : 'none'} (${analysis.regions?.[0] ? `${analysis.regions[0].from} … ${analysis.regions[0].to}` : 'no region'})`,
      expected: `${service} (${region})`,
      metrics: {
        'service AS@1': 100 * Number(isTold && place === 0),
        'service AS@3': 100 * Number(isTold && place >= 0 && place < 3),
        'diagnosis names it': 100 * Number(isNamed),
        ...(region === ''
          ? {}
          : {
              'region AS@1': 100 * Number(regionPlace === 0),
              'region AS@3': 100 * Number(regionPlace >= 0 && regionPlace < 3),
            }),
      },
    };
  },
};

/** A region of the truth is `<event>_<event>`, or the name of the metric that gives a resource fault away. */
function isRegion(region: SuspectRegion, truth: string): boolean {
  if (truth === `${region.from}_${region.to}`) return true;
  // The data has no such column: as in the paper, it is read from the spans.
  return truth.startsWith('Network') ? region.kind === 'network' : region.from === truth;
}

function listFolders(root: string): readonly string[] {
  return readdirSync(root)
    .filter((name) => /^nezha/i.test(name) && existsSync(path.join(root, name, 'faults.json')))
    .sort();
}

function readFaults(folder: string): readonly Fault[] {
  return JSON.parse(readFileSync(path.join(folder, 'faults.json'), 'utf8')) as Fault[];
}

/** Where each fault shows by the truth; without the file services alone are scored. */
function readRegions(folder: string): Regions {
  const file = path.join(folder, 'root_cause_regions.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Regions) : {};
}

function findCase(root: string, name: string): { readonly folder: string; readonly fault: Fault } {
  const [dir = '', number = ''] = name.split('/');
  const folder = path.join(root, dir);
  const fault = readFaults(folder)[Number(number) - 1];
  if (!fault) throw new Error(`${folder}/faults.json has no fault ${number}.`);
  return { folder, fault };
}

function load(folder: string, day: string, injectedMs: number): Bundle {
  const untilMs = injectedMs + faultyMs;
  const calm = readMinutes(path.join(folder, 'reference', day), () => true);
  const own = readMinutes(
    path.join(folder, day),
    (fileMs) => fileMs >= injectedMs - minuteMs && fileMs <= untilMs,
    day,
  );
  const isFaulty = ({ atMs }: { readonly atMs: number }) => atMs >= injectedMs && atMs < untilMs;
  const lastCalmMs = Math.max(...calm.spans.map((row) => row.atMs + row.span.durationMs), 0);
  const move = (rows: typeof calm) => shift(rows, injectedMs - gapMs - lastCalmMs);
  const before = move(calm);
  const spans = [...before.spans, ...own.spans.filter(isFaulty)];
  const logs = [...before.logs, ...own.logs.filter(isFaulty)];
  const entry = findEntry(spans);
  if (entry === '') throw new Error(`${folder} has no traces of ${day}: nothing tells which service the alert is on.`);
  const metrics = readMetrics(path.join(folder, day, 'metric'), injectedMs - metricsBeforeMs, untilMs, entry);
  const incidentFrom = new Date(injectedMs).toISOString();
  const window = {
    from: new Date(Math.min(injectedMs - metricsBeforeMs, ...spans.map((row) => row.atMs))).toISOString(),
    to: new Date(untilMs).toISOString(),
  };
  const services = [
    ...new Set([...spans.map((row) => row.span.service), ...logs.map((row) => row.service), ...metrics.keys()]),
  ].sort();
  const wrap = (service: string, kind: EvidenceKind, body: EvidenceBody): EvidenceWithBody => ({
    evidence: {
      id: `${service}/${kind}/1`,
      service,
      kind,
      source: 'nezha',
      query: kind,
      window,
      outcome: 'found',
      summary: kind,
      digest: 'none',
    },
    body,
  });
  const evidence = services.flatMap((service): EvidenceWithBody[] => {
    const lines = logs.filter((row) => row.service === service).map((row) => row.line);
    const own = spans.filter((row) => row.span.service === service).map((row) => row.span);
    const series = metrics.get(service) ?? [];
    return [
      ...(lines.length > 0 ? [wrap(service, 'logs', { kind: 'logs', service, incidentFrom, lines })] : []),
      ...(series.length > 0 ? [wrap(service, 'metrics', { kind: 'metrics', service, incidentFrom, series })] : []),
      ...(own.length > 0 ? [wrap(service, 'traces', { kind: 'traces', service, incidentFrom, spans: own })] : []),
    ];
  });
  return {
    window,
    incidentFrom,
    input: asInput({
      alerts: [alertOn(entry, incidentFrom)],
      service: entry,
      dependencies: {},
      evidence,
    }),
  };
}

/** The service that most requests come in by: what a user sees, and all that the alert tells. */
function findEntry(spans: readonly SpanRow[]): string {
  const counts = new Map<string, number>();
  for (const { span } of spans)
    if (span.parentId === undefined) counts.set(span.service, (counts.get(span.service) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))[0]?.[0] ?? '';
}

function alertOn(service: string, at: string): Alert {
  return {
    id: 'alert',
    sender: 'nezha',
    fingerprint: 'alert',
    status: 'firing',
    name: 'RequestsDegraded',
    service,
    severity: 'critical',
    summary: `Requests to ${service} fail or are slow.`,
    labels: {},
    annotations: {},
    startsAt: at,
    receivedAt: at,
  };
}

interface Rows {
  readonly spans: readonly SpanRow[];
  readonly logs: readonly LogRow[];
}

/** The minute files of one folder, those alone whose name lies in the time asked for; a file holds the minute before its name. */
function readMinutes(folder: string, isWanted: (fileMs: number) => boolean, day = '2000-01-01'): Rows {
  const files = (kind: 'log' | 'trace') =>
    listFiles(path.join(folder, kind))
      .filter((name) => isWanted(Date.parse(`${day}T${name.slice(0, 5).replace('_', ':')}:00Z`)))
      .map((name) => path.join(folder, kind, name));
  return {
    spans: files('trace')
      .flatMap((file) => readSpans(readCsv(file)))
      .sort(byTime),
    logs: files('log')
      .flatMap((file) => readLogs(readCsv(file)))
      .sort(byTime),
  };
}

function byTime(a: { readonly nanos: bigint }, b: { readonly nanos: bigint }): number {
  return a.nanos < b.nanos ? -1 : a.nanos > b.nanos ? 1 : 0;
}

function shift(rows: Rows, byMs: number): Rows {
  return {
    spans: rows.spans.map((row) => row.at(byMs)),
    logs: rows.logs.map((row) => row.at(byMs)),
  };
}
