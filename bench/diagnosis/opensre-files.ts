/** Reads the recorded answers of platforms in an OpenSRE scenario: shapes of `kubectl`, RDS events, CloudWatch, Performance Insights, Datadog. */
import type { LogLine, MetricSeries, PlatformEvent } from '../../src/domain/evidence/evidence.ts';

export type Row = Readonly<Record<string, unknown>>;

export const rowsOf = (value: unknown, key: string): readonly Row[] => {
  const list = (value as Row | undefined)?.[key];
  return Array.isArray(list) ? (list as readonly Row[]) : [];
};
const text = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '');
const iso = (value: unknown): string => (text(value) === '' ? '' : new Date(text(value)).toISOString());

/** Kubernetes events; the API calls them Normal or Warning. */
export function readKubernetesEvents(file: unknown): readonly PlatformEvent[] {
  return [...rowsOf(file, 'warning_events'), ...rowsOf(file, 'events')].map((row) => ({
    at: iso(row['first_time']),
    lastAt: iso(row['last_time'] ?? row['first_time']),
    count: Number(row['count'] ?? 1),
    severity: row['type'] === 'Normal' ? 'info' : 'warn',
    object: text(row['involved_object']),
    reason: text(row['reason']),
    message: text(row['message']),
  }));
}

/** A pod's state as the events that `kubectl describe` would make of it: one where it is well, else one for each thing that is not. */
export function readPods(file: unknown, now: string, incidentFrom: string): readonly PlatformEvent[] {
  return rowsOf(file, 'pods').flatMap((pod): PlatformEvent[] => {
    const object = `Pod/${text(pod['name'])}`;
    const started = iso(pod['start_time']);
    const containers = rowsOf(pod, 'containers');
    const restarts = containers.reduce((sum, item) => sum + Number(item['restart_count'] ?? 0), 0);
    const place = `phase ${text(pod['phase'])} on node ${text(pod['node_name'])}, ${restarts} restarts`;
    const failing = rowsOf(pod, 'conditions').filter((item) => text(item['status']) !== 'True');
    const isWell =
      failing.length === 0 && containers.every((item) => item['ready'] === true) && pod['phase'] === 'Running';
    if (isWell) return [{ at: now, severity: 'info', object, reason: 'Ready', message: `Running and Ready: ${place}` }];
    const at = started >= incidentFrom ? started : now;
    const make = (reason: string, message: string): PlatformEvent => ({
      at,
      lastAt: now,
      severity: 'warn',
      object,
      reason,
      message,
    });
    const states = containers.flatMap((item) => {
      const state = (item['state'] ?? {}) as Row;
      const exit = state['exit_code'] === undefined ? '' : `; exit code ${text(state['exit_code'])}`;
      return text(state['reason']) === '' && exit === ''
        ? []
        : [make(text(state['reason']) || 'NotReady', `${text(state['message'])} (${place})${exit}`.trim())];
    });
    const unique = failing.filter((item, i) => failing.findIndex((one) => one['message'] === item['message']) === i);
    const conditions = unique.map((item) =>
      make(
        text(item['reason']) || 'NotReady',
        `${text(item['type'])}=${text(item['status'])}: ${text(item['message'])} (${place})`,
      ),
    );
    return [...states, ...conditions];
  });
}

/** A node's conditions; a silent node tells its last ones. */
export function readNodes(file: unknown, now: string): readonly PlatformEvent[] {
  return rowsOf(file, 'nodes').flatMap((node): PlatformEvent[] => {
    const object = `Node/${text(node['name'])}`;
    const room = `allocatable cpu ${text(node['allocatable_cpu'])} of ${text(node['capacity_cpu'])}, memory ${text(node['allocatable_memory'])} of ${text(node['capacity_memory'])}`;
    const ready = text(node['ready']);
    const pressures = ['memory', 'disk', 'pid'].filter((kind) => text(node[`${kind}_pressure`]) === 'True');
    return [
      ready === 'True'
        ? { at: now, severity: 'info', object, reason: 'Ready', message: `Ready=True, ${room}` }
        : { at: now, severity: 'error', object, reason: `Ready${ready}`, message: `Ready=${ready}, ${room}` },
      ...pressures.map((kind): PlatformEvent => {
        const name = kind === 'pid' ? 'PID' : kind.charAt(0).toUpperCase() + kind.slice(1);
        return {
          at: now,
          severity: 'warn',
          object,
          reason: `${name}Pressure`,
          message: `${name}Pressure=True, Ready=${ready}`,
        };
      }),
    ];
  });
}

export function readDeployments(file: unknown, now: string): readonly PlatformEvent[] {
  return rowsOf(file, 'deployments').map((row) => {
    const isWell = Number(row['ready']) >= Number(row['desired']);
    return {
      at: now,
      severity: isWell ? 'info' : 'warn',
      object: `Deployment/${text(row['name'])}`,
      reason: isWell ? 'Available' : 'ReplicasUnavailable',
      message: `${text(row['ready'])} of ${text(row['desired'])} desired replicas are ready`,
    };
  });
}

/** Monitors as they stand; their messages are advice that their authors wrote beforehand, so only what they measure is kept. */
export function readMonitors(file: unknown, now: string): readonly PlatformEvent[] {
  return rowsOf(file, 'monitors').map((row) => ({
    at: now,
    severity: text(row['overall_state']) === 'OK' ? 'info' : 'warn',
    object: `Monitor/${text(row['name'])}`,
    reason: text(row['overall_state']),
    message: text(row['query']),
  }));
}

/** RDS events carry categories in place of a severity; these are the ones that tell of routine. */
const routine = ['backup', 'configuration change', 'creation', 'restoration', 'deletion', 'security', 'patching'];

export function readDatabaseEvents(file: unknown): readonly PlatformEvent[] {
  return rowsOf(file, 'events').map((row) => {
    const categories = Array.isArray(row['event_categories']) ? row['event_categories'].map(String) : [];
    const isRoutine = categories.length > 0 && categories.every((item) => routine.includes(item));
    return {
      at: iso(row['date']),
      severity: isRoutine ? 'info' : categories.includes('failure') ? 'error' : 'warn',
      object: `${text(row['source_type'])}/${text(row['source_identifier'])}`,
      reason: categories.join(', '),
      message: text(row['message']),
    };
  });
}

/** CloudWatch's answer; `metric_data_results` in one file, or one result a file. */
export function readCloudWatch(file: unknown): readonly MetricSeries[] {
  const row = (file ?? {}) as Row;
  const results = Array.isArray(row['metric_data_results']) ? (row['metric_data_results'] as readonly Row[]) : [row];
  const series = results
    .filter((item) => Array.isArray(item['values']) && Array.isArray(item['timestamps']))
    .map((item): MetricSeries => {
      const instance = text(rowsOf(item, 'dimensions')[0]?.['Value']);
      const values = item['values'] as readonly number[];
      return {
        name: text(item['metric_name']),
        expression: `${text(item['stat'])} of ${text(item['metric_name'])}`,
        labels: { instance, unit: text(item['unit']), stat: text(item['stat']) },
        points: (item['timestamps'] as readonly string[]).map((at, i) => [iso(at), values[i] ?? Number.NaN] as const),
      };
    });
  // One scenario records a series twice.
  return series.filter((item, i) => series.findIndex((one) => JSON.stringify(one) === JSON.stringify(item)) === i);
}

/** Performance Insights: load over time, and the means over the window by statement and wait event. */
export function readInsights(file: unknown): readonly MetricSeries[] {
  const row = (file ?? {}) as Row;
  const load = (row['db_load'] ?? {}) as Row;
  const times = Array.isArray(load['timestamps']) ? (load['timestamps'] as readonly string[]) : [];
  const values = Array.isArray(load['values']) ? (load['values'] as readonly number[]) : [];
  const end = iso(row['end_time'] ?? times.at(-1));
  const statements = rowsOf(row, 'top_sql').flatMap((item) =>
    rowsOf(item, 'wait_events').map((wait): MetricSeries => ({
      name: 'db.load.avg',
      expression: 'db.load.avg by db.sql, db.wait_event',
      labels: { 'db.sql': text(item['statement']), 'db.wait_event': text(wait['name']) },
      points: [[end, Number(wait['db_load_avg'])]],
    })),
  );
  const over: MetricSeries = {
    name: 'db.load.avg',
    expression: 'db.load.avg',
    labels: { instance: text(row['db_instance_identifier']) },
    points: times.map((at, i) => [iso(at), values[i] ?? Number.NaN] as const),
  };
  return times.length > 0 ? [over, ...statements] : statements;
}

/** Datadog's logs by service. */
export function readDatadogLogs(file: unknown): readonly { readonly service: string; readonly line: LogLine }[] {
  return rowsOf(file, 'logs').map((row) => ({
    service: text(row['service']),
    line: {
      at: iso(row['timestamp']),
      level: readLevel(text(row['status'])),
      message: text(row['message']),
      fields: { host: text(row['host']) },
    },
  }));
}

/** Logs of one pod as text; a line without a time keeps that of the line before. Kernel and runtime lines carry no level. */
export function readPodLogs(file: unknown, now: string): readonly LogLine[] {
  const row = (file ?? {}) as Row;
  let at = now;
  const first = /^(\S+T\S+Z)/m.exec(text(row['logs']))?.[1];
  if (first !== undefined) at = iso(first);
  return text(row['logs'])
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line): LogLine => {
      const match = /^(\S+T\S+Z)\s+(?:(DEBUG|INFO|WARN|WARNING|ERROR|FATAL)\s+)?(.*)$/.exec(line);
      if (match?.[1] !== undefined) at = iso(match[1]);
      const message = match?.[3] ?? line;
      const isGrave = /\b(killed process|out of memory|panic|fatal|exception)\b/i.test(message);
      return {
        at,
        level: match?.[2] === undefined ? (isGrave ? 'error' : 'info') : readLevel(match[2]),
        message,
        fields: { pod: text(row['pod_name']) },
      };
    });
}

function readLevel(word: string): LogLine['level'] {
  if (/^(err|fatal|crit|emerg)/i.test(word)) return 'error';
  if (/^warn/i.test(word)) return 'warn';
  return /^debug/i.test(word) ? 'debug' : 'info';
}
