import type { EvidenceWithBody } from '../../diagnosis/engine.ts';
import type { MetricSeries } from '../../evidence/evidence.ts';
import { formatQuantity } from './format-quantity.ts';
import { readWords } from './series-words.ts';
import { judge, type Judged, type Limit, type ResourceLevel } from './limits.ts';

interface LevelRule {
  readonly conditionId: string;
  readonly name: RegExp;
  readonly except?: RegExp;
  /** Unit that the series is turned into, where it can be; a series in another is left alone. */
  readonly unit: Limit['unit'];
  readonly side: Limit['side'];
  readonly limit: number;
  /** `own`: the limit is that part of the largest value of the series itself, which must have fallen there. */
  readonly of?: 'own';
}

/**
 * Figures that vendors tell people to alarm at: AWS's recommended alarms for RDS (CPU 90 %, replica lag 60 s, free storage 10 %,
 * used transaction ids 1,000,000,000), for the burst balance 20 %, for queue depth 64 (Cloud Posse), memory 95 %.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Best_Practice_Recommended_Alarms_AWS_Services.html
 */
const rules: readonly LevelRule[] = [
  { conditionId: 'cpu-saturated', name: /throttl/, unit: 'percent', side: 'above', limit: 25 },
  {
    conditionId: 'cpu-saturated',
    name: /\bcpu\b.*\b(utili[sz]ation|usage|percent|pct|busy|ratio|load)\b|\b(utili[sz]ation|usage)\b.*\bcpu\b/,
    except: /request|credit|idle|allocatable|steal|seconds|throttl|limit/,
    unit: 'percent',
    side: 'above',
    limit: 90,
  },
  { conditionId: 'cpu-saturated', name: /cpu credit balance/, unit: 'count', side: 'below', limit: 1 },
  {
    conditionId: 'storage-full',
    name: /\bfree\b.*\b(storage|disk|filesystem)\b|\b(storage|disk|filesystem)\b.*\b(free|avail(able)?)\b/,
    except: /inode/,
    unit: 'bytes',
    side: 'below',
    limit: 0.1,
    of: 'own',
  },
  {
    conditionId: 'storage-full',
    name: /\b(storage|disk|filesystem|volume)\b.*\b(used|usage|utili[sz]ation|full)\b/,
    except: /\b(io|queue|read|write|bin log|binlog)\b/,
    unit: 'percent',
    side: 'above',
    limit: 95,
  },
  {
    conditionId: 'replication-lag',
    name: /replica(tion)?\b.*\b(lag|delay)|seconds behind/,
    unit: 'seconds',
    side: 'above',
    limit: 60,
  },
  {
    conditionId: 'memory-short',
    name: /\b(memory|mem|heap)\b.*\b(used|usage|utili[sz]ation|percent|pct|ratio)\b/,
    unit: 'percent',
    side: 'above',
    limit: 95,
  },
  {
    conditionId: 'memory-short',
    name: /\b(free|freeable|available)\b.*\bmemory\b|\bmemory\b.*\b(free|available)\b/,
    unit: 'bytes',
    side: 'below',
    limit: 0.1,
    of: 'own',
  },
  {
    conditionId: 'io-saturated',
    name: /disk queue depth|\bqueue length\b.*\bdisk\b/,
    unit: 'count',
    side: 'above',
    limit: 64,
  },
  { conditionId: 'io-saturated', name: /burst balance|(byte|io) balance/, unit: 'percent', side: 'below', limit: 20 },
  {
    conditionId: 'wraparound',
    name: /used transaction ids?|xid age|frozenxid/,
    unit: 'count',
    side: 'above',
    limit: 1e9,
  },
  // Aurora's proactive insight: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/proactive-insights.history-list.html
  { conditionId: 'transaction-open', name: /history list length/, unit: 'count', side: 'above', limit: 1e6 },
  // "should be 0": https://kafka.apache.org/documentation/#monitoring
  {
    conditionId: 'broker-replicas-missing',
    name: /under ?replicated ?partitions|under min isr ?partition|offline ?partitions/,
    unit: 'count',
    side: 'above',
    limit: 1,
  },
  { conditionId: 'lock-contention', name: /\bdeadlocks?\b/, unit: 'count', side: 'above', limit: 1 },
];

/** Limits of connections that texts state: as a number, or as the share of it that was in use at the most. */
export interface QuotedLimits {
  readonly limits: readonly number[];
  readonly shares: readonly number[];
}

/**
 * Every series whose limit is known.
 * O(n · r) for n series and r rules, and O(points).
 */
export function readLevels(
  evidence: readonly EvidenceWithBody[],
  quotedLimits: QuotedLimits,
): readonly ResourceLevel[] {
  return evidence.flatMap(({ evidence: item, body }) => {
    if (body?.kind !== 'metrics') return [];
    return body.series.flatMap((series): ResourceLevel[] => {
      const judged =
        judgeByRule(series, body.incidentFrom) ?? judgeByLimit(series, body.series, quotedLimits, body.incidentFrom);
      return judged === undefined
        ? []
        : [
            {
              ...judged,
              service: body.service,
              object: readObject(series) ?? body.service,
              name: series.name,
              evidenceId: item.id,
            },
          ];
    });
  });
}

function judgeByRule(series: MetricSeries, incidentFrom: string): Judged | undefined {
  const words = readWords(series.name);
  const rule = rules.find((item) => item.name.test(words) && item.except?.test(words) !== true);
  if (!rule) return undefined;
  const factor = readFactor(series, words, rule.unit);
  if (factor === undefined) return undefined;
  const largest = Math.max(...series.points.map(([, value]) => value * factor).filter(Number.isFinite));
  const limit = rule.of === 'own' ? rule.limit * largest : rule.limit;
  const shown = rule.of === 'own' ? `${rule.limit * 100} % of what was free` : showLimit(limit, rule.unit);
  return judge(series, factor, { ...rule, limit, shown }, incidentFrom);
}

/** What names a limit: `max_connections`, `process_max_fds`, `memory_limit`, `pool_size`. */
const limitWord = /\b(max|maximum|limit|limits|capacity|hard|total|quota|allocatable|size)\b/g;
const usedWord = /\b(used|usage|use|current|active|open|in|busy|count|database|num|number|allocated|borrowed)\b/g;
const core = (words: string, drop: RegExp) => words.replace(drop, ' ').replace(/\s+/g, ' ').trim();
const limitConditions: readonly (readonly [RegExp, string])[] = [
  [/connections?|pool|sessions?|backends?/, 'connections-exhausted'],
  [/\bfds?\b|file desc|descriptors?/, 'descriptors-exhausted'],
  [/threads?|\bpids?\b|process/, 'threads-exhausted'],
  [/memory|heap|rss|working set/, 'memory-short'],
  [/storage|disk|filesystem|volume/, 'storage-full'],
  [/\bcpu\b|cores?/, 'cpu-saturated'],
  [/quota/, 'quota-exceeded'],
];

/** A use against a second series that states its limit, or against a limit of connections that the platform's words state. */
function judgeByLimit(
  series: MetricSeries,
  all: readonly MetricSeries[],
  quoted: QuotedLimits,
  incidentFrom: string,
): Judged | undefined {
  const words = readWords(series.name);
  const conditionId = limitConditions.find(([pattern]) => pattern.test(words))?.[1];
  if (conditionId === undefined || core(words, limitWord) !== words) return undefined;
  const mate = all.find((other) => {
    const otherWords = readWords(other.name);
    return (
      other !== series &&
      otherWords !== core(otherWords, limitWord) &&
      core(core(otherWords, limitWord), usedWord) === core(words, usedWord) &&
      readObject(other) === readObject(series)
    );
  });
  const isConnections = /\bconnections?\b/.test(words) && !/rate|per second|failed|aborted|new/.test(words);
  const peak = Math.max(...series.points.map(([, value]) => value).filter(Number.isFinite));
  const limit = mate?.points.at(-1)?.[1] ?? (isConnections ? readQuoted(quoted, peak) : undefined);
  if (limit === undefined || limit <= 0) return undefined;
  const share = 0.9 * limit;
  return judge(
    series,
    1,
    { conditionId, unit: 'count', side: 'above', limit: share, shown: `90 % of ${formatQuantity(Math.round(limit))}` },
    incidentFrom,
  );
}

/** One limit that all texts agree on; else the one that the largest share in use gives. */
function readQuoted({ limits, shares }: QuotedLimits, peak: number): number | undefined {
  if (limits.length > 0) return limits.length === 1 ? limits[0] : undefined;
  return shares.length === 0 ? undefined : peak / Math.max(...shares);
}

/** Factor that turns a series into the wanted unit, by its unit label or the words of its name. */
function readFactor(series: MetricSeries, words: string, wanted: LevelRule['unit']): number | undefined {
  const unit = (series.labels['unit'] ?? '').toLowerCase();
  switch (wanted) {
    case 'percent': {
      if (/^(percent|%)/.test(unit) || /percent|pct|%/.test(words)) return 1;
      if (/ratio|fraction/.test(`${unit} ${words}`) || unit === '1') return 100;
      // A use without a unit may be cores or bytes; only what is called a utilisation is a share, of one or of a hundred.
      if (unit !== '' || !/utili[sz]ation|throttl/.test(words)) return undefined;
      const largest = Math.max(...series.points.map(([, value]) => value));
      return largest <= 1.5 ? 100 : largest <= 105 ? 1 : undefined;
    }
    case 'seconds':
      if (/^ms|milli/.test(unit) || /\b(ms|milliseconds)\b/.test(words)) return 0.001;
      return unit === '' || /^s(ec|$)/.test(unit) ? 1 : undefined;
    case 'bytes':
    case 'count':
      return 1;
  }
}

/** The thing that a series is about, by the labels that exporters and CloudWatch use. */
function readObject(series: MetricSeries): string | undefined {
  const key = Object.keys(series.labels).find((name) =>
    /^(pod|node|instance|host|container|device|mountpoint|db_?instance(_?identifier)?|object)$/i.test(name),
  );
  return key === undefined ? undefined : series.labels[key];
}

function showLimit(limit: number, unit: LevelRule['unit']): string {
  return unit === 'percent' ? `${limit} %` : unit === 'seconds' ? `${limit} s` : formatQuantity(limit);
}
