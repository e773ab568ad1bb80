import { existsSync, readFileSync } from 'node:fs';
import { inferLevel, readLevel } from '../../src/domain/analysis/logs/levels.ts';
import type {
  Change,
  Deploy,
  FileChange,
  FlagChange,
  LogLine,
  MetricSeries,
  PlatformEvent,
  Span,
} from '../../src/domain/evidence/evidence.ts';

// The files of a RootCauseBench case, as evidence. Each reader takes a file and knows nothing of the others.

type Row = Readonly<Record<string, unknown>>;

interface RawCommit {
  readonly sha: string;
  readonly author: string;
  readonly timestamp: string;
  readonly message: string;
  readonly files_changed: readonly string[];
  readonly diff: string | null;
}

const toIso = (value: unknown) => new Date(String(value)).toISOString();

/** Fields that a line or span carries; what is neither text, number nor boolean is written as JSON. */
function toFields(row: Row): LogLine['fields'] {
  const known = Object.entries(row).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(
    known.map(([key, value]) => [
      key,
      typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
        ? value
        : JSON.stringify(value),
    ]),
  );
}

/** The file's text; nothing where it is absent or empty, which is absent evidence. */
function readText(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
}

function readJson(file: string): readonly Row[] {
  const rows: unknown = JSON.parse(readText(file) || '[]');
  if (!Array.isArray(rows)) throw new Error(`${file} is no list.`);
  return rows as readonly Row[];
}

export function readLogs(file: string): readonly { readonly service: string; readonly line: LogLine }[] {
  return readText(file)
    .split('\n')
    .filter((text) => text.trim() !== '')
    .map((text) => {
      const { timestamp, service, severity_text: level, msg, ...rest } = JSON.parse(text) as Row;
      const message = String(msg);
      const known = readLevel(level) ?? inferLevel(message);
      return {
        service: String(service),
        line: { at: toIso(timestamp), level: known, message, fields: toFields(rest) },
      };
    });
}

export function readMetrics(file: string): readonly { readonly service: string; readonly series: MetricSeries }[] {
  const points = new Map<string, [string, number][]>();
  for (const line of readText(file).split('\n').slice(1)) {
    const [timestamp = '', service = '', metric = '', value = ''] = line.split(',');
    const key = JSON.stringify([service, metric]);
    const known = points.get(key) ?? [];
    known.push([toIso(timestamp), Number(value)]);
    points.set(key, known);
  }
  return [...points].map(([key, of]) => {
    const [service = '', name = ''] = JSON.parse(key) as readonly string[];
    return { service, series: { name, expression: name, labels: {}, points: of } };
  });
}

export function readSpans(file: string): readonly Span[] {
  return readJson(file).map((row): Span => {
    const { trace_id, span_id, parent_id, service, name, start, duration_ms, status, ...rest } = row;
    const ended = String(status).toLowerCase();
    return {
      traceId: String(trace_id),
      id: String(span_id),
      ...(typeof parent_id === 'string' ? { parentId: parent_id } : {}),
      service: String(service),
      name: String(name),
      at: toIso(start),
      durationMs: Number(duration_ms),
      status: ended === 'error' ? 'error' : ended === 'ok' ? 'ok' : 'unset',
      fields: toFields(rest),
    };
  });
}

/** Commits without a service: the repository is everybody's. */
export function readCommits(file: string): readonly Omit<Change, 'service'>[] {
  return (readJson(file) as unknown as readonly RawCommit[]).map((commit) => {
    const [subject = '', ...body] = commit.message.split('\n');
    return {
      id: commit.sha,
      author: commit.author,
      at: toIso(commit.timestamp),
      subject,
      body: body.join('\n').trim(),
      files: splitFiles(commit),
    };
  });
}

/** The diff of a commit is one text, sometimes without Git's headers; a hunk belongs to the file that was named last. */
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

export function readDeploys(file: string): readonly Deploy[] {
  return readJson(file).map((row, i) => ({
    id: `deploy-${i + 1}`,
    service: String(row['service']),
    revision: String(row['commit_sha']),
    at: toIso(row['timestamp']),
    status: 'succeeded',
  }));
}

export function readFlags(file: string): readonly FlagChange[] {
  return readJson(file).map((row) => {
    const [from = '', to = ''] = String(row['change']).split('->');
    const at = toIso(row['timestamp']);
    const flag = String(row['flag']);
    return { id: `${flag}@${at}`, service: String(row['service']), flag, at, from, to, by: String(row['actor']) };
  });
}

/** Whatever of a status page has a beginning and a text; the provider's own measurements are left out. */
export function readStatusFeed(file: string): readonly PlatformEvent[] {
  const feed = JSON.parse(readText(file) || '{}') as Readonly<Record<string, unknown>>;
  const provider = [feed['provider'], feed['source']].find((value) => typeof value === 'string') ?? 'provider';
  const listed = [feed['events'], feed['incidents']].flatMap((value) => (Array.isArray(value) ? (value as Row[]) : []));
  return listed
    .flatMap((row): readonly PlatformEvent[] => {
      const at = row['started_at'] ?? row['timestamp'];
      if (typeof at !== 'string') return [];
      const updates = Array.isArray(row['updates']) ? (row['updates'] as Row[]).map((update) => update['body']) : [];
      const words = [row['title'], row['name'], row['detail'], ...updates].filter((part) => typeof part === 'string');
      const status = typeof row['status'] === 'string' ? row['status'] : '';
      return [
        {
          at: toIso(at),
          severity: /operational|operating|normal|information/i.test(status) ? 'info' : 'error',
          object: [provider, row['service'], row['region']].filter((part) => typeof part === 'string').join(' '),
          ...(status === '' ? {} : { reason: status }),
          message: words.join(' '),
        },
      ];
    })
    .sort((a, b) => (a.at < b.at ? -1 : 1));
}
