import type { Claim } from '../../diagnosis/diagnosis.ts';
import { formatQuantity } from './format-quantity.ts';
import { readWords } from './series-words.ts';
import type { QueryLoad, WaitClass } from './queries.ts';
import { loadIn } from './queries.ts';
import type { Facts } from '../facts.ts';

/** What drives a condition: waits of database statements, and series that rise together with it (by the words of their names). */
const drivers: Readonly<Record<string, { readonly waits: readonly WaitClass[]; readonly series: RegExp }>> = {
  'replication-lag': {
    waits: ['log', 'write', 'conflict'],
    series: /transaction logs?|\bwal\b|write (iops|throughput)|network transmit/,
  },
  'storage-full': { waits: ['write', 'log'], series: /write (iops|throughput|latency)|transaction logs?|\bwal\b/ },
  'cpu-saturated': { waits: ['cpu', 'read'], series: /read (iops|throughput|latency)|requests?|\bdb load\b/ },
  'connections-exhausted': { waits: ['client', 'lock'], series: /\bdb load\b|(write|read|commit) latency|requests?/ },
  'io-saturated': { waits: ['read', 'write', 'log'], series: /(read|write) (iops|throughput|latency)/ },
  'lock-contention': { waits: ['lock'], series: /latency|connections/ },
  'memory-short': { waits: [], series: /swap|connections|read iops/ },
};

/** Classes of waits in which a condition is driven, the most telling first. */
export function waitsOf(conditionId: string): readonly WaitClass[] {
  return drivers[conditionId]?.waits ?? [];
}

/**
 * What drives a condition of a service, as sentences: the heaviest statement, and what rose together with it.
 * Our own rule on database load by wait event (queries.ts names its manual). O(n) for n statements and series.
 */
export function findDrivers(facts: Facts, service: string, conditionId: string): readonly Claim[] {
  const driver = drivers[conditionId];
  if (!driver) return [];
  const claims: Claim[] = [];
  const query = findDriver(facts.surroundings.queries, driver.waits);
  if (query) claims.push(describeQuery(query, 'carries most of the load behind it'));
  const moved = facts.surroundings.movements.filter(
    (item) => item.service === service && driver.series.test(readWords(item.name)),
  );
  if (moved.length > 0) {
    claims.push({
      text: `Together with it rose ${moved.map((item) => `${item.name} of ${item.object} from ${formatQuantity(item.first)} to ${formatQuantity(item.peak)}`).join(', ')}.`,
      evidence: [...new Set(moved.map((item) => item.evidenceId))],
    });
  }
  return claims;
}

/** A statement with a smaller part of the whole load drives nothing. */
const leastShare = 0.15;

/** The statement with the largest load in these classes of waits, where it carries a good part of all load in them. */
export function findDriver(queries: readonly QueryLoad[], waits: readonly WaitClass[]): QueryLoad | undefined {
  const ranked = queries.map((query) => ({ query, load: loadIn(query, waits) })).sort((a, b) => b.load - a.load);
  const total = ranked.reduce((sum, item) => sum + item.load, 0);
  const [first] = ranked;
  return first && total > 0 && first.load >= 0.4 * total && first.query.share >= leastShare ? first.query : undefined;
}

function describeQuery(query: QueryLoad, role: string): Claim {
  const waits = query.waits
    .slice(0, 3)
    .map((item) => `${item.name} ${formatQuantity(item.load)}`)
    .join(', ');
  return {
    text: `By ${query.measuredBy}, the query \`${query.statement.replaceAll('`', "'").slice(0, 240)}\` ${role}: ${Math.round(100 * query.share)} % of the database load, waiting on ${waits}.`,
    evidence: [query.evidenceId],
  };
}
