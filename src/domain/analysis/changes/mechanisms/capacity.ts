import type { DiffView } from '../diff-view.ts';
import { findLevelChange } from '../levels-in-diffs.ts';
import { findCallInLoop } from '../loops-in-diffs.ts';
import { findUnitChange } from '../units-in-diffs.ts';
import { explainGrowth } from './growth.ts';
import { fewer, more, moved, type Mechanism, type Sign } from './mechanism.ts';

/**
 * Faults of time, room and load.
 * Each row names its source, and costs O(n) for n lines of the diff.
 */
export const capacityMechanisms: readonly Mechanism[] = [
  {
    name: 'too small a limit',
    source: 'Beyer et al., Site Reliability Engineering, 2016, ch. 22 (resource exhaustion); CWE-772, CWE-775',
    everyday: 0.02,
    modes: ['unreachable', 'timeout', 'server-error'],
    symptom:
      /pool|exhaust|too many|saturat|budget|queue (is )?full|no (free|idle|available)|free connection|max(imum)?\b.*(reach|exceed)|limit|backpressure|overflow|retry|retries|quota|throttl|429|semaphore|starv|lag|backlog|too large|413|out.of.memory|open.f(ile|d)/i,
    explain: (diff) =>
      moved(
        diff,
        /max|pool|conn|limit|size|capacity|attempt|retr|budget|worker|thread|concurren|queue|burst|rate|quota|replica|cpu|memory|backlog|prefetch/i,
        'down',
        0.85,
      ) ??
      fewer(
        diff,
        /\bclose\(|\.release\(|\bdefer\b|\bfinally\b|^\s*with\s|\busing\b|dispose|disconnect\(/i,
        'it removes what gave a resource back',
        0.75,
      ),
  },
  {
    name: 'more load than before',
    source: 'Brooker, "Timeouts, retries, and backoff with jitter", Amazon Builders\' Library, 2019',
    everyday: 0.01,
    modes: ['timeout', 'server-error'],
    symptom:
      /overload|429|throttl|rate.?limit|too many requests|storm|stampede|hit.?rat|miss(es)?\b|cpu|saturat|rejected|traffic|requests?.?per|rps|qps|queue|lag|backlog/i,
    explain: (diff) =>
      moved(diff, /retr|attempt|concurren|parallel|worker|batch|prefetch|fan.?out/i, 'up', 0.65) ??
      moved(diff, /interval|backoff|ttl|cache|delay|jitter|period|debounce/i, 'down', 0.75) ??
      fewer(
        diff,
        /backoff|jitter|sleep|debounce|throttle|rate.?limit|cache|memo/i,
        'it removes what held load back',
        0.75,
      ),
  },
  {
    name: 'a cache that misses',
    source: 'Huang et al., "Metastable failures in the wild", OSDI 2022 (a lower hit rate as trigger)',
    everyday: 0.01,
    modes: ['timeout', 'server-error'],
    symptom: /hit.?rat|cache|miss(es|ed)?\b|quer(y|ies).?per|lookup.*\d+ ?ms|stampede/i,
    explain: (diff) => explainCacheKey(diff),
  },
  {
    name: 'memory that is never given back',
    source: 'CWE-401, CWE-770',
    everyday: 0.03,
    modes: ['server-error'],
    symptom: /\boom|out of memory|memory|heap|\brss\b|\bgc\b|allocat/i,
    explain: (diff) => explainGrowth(diff) ?? moved(diff, /cache|buffer|max|size|heap|batch/i, 'up', 0.6),
  },
  {
    name: 'shorter patience',
    source: 'Brooker, "Timeouts, retries, and backoff with jitter", Amazon Builders\' Library, 2019',
    everyday: 0.02,
    modes: ['timeout'],
    symptom: /time(d)?[ -]?out|deadline|ETIMEDOUT|took too long|cancell?ed|aborted/i,
    explain: (diff) => moved(diff, /time|deadline|wait|expire|patience|delay|interval|keep.?alive/i, 'down', 0.8),
  },
  {
    name: 'another unit of time',
    source: 'Mars Climate Orbiter Mishap Investigation Board, Phase I Report, NASA, 1999 (of units at an interface)',
    everyday: 0.01,
    modes: ['timeout', 'rejected'],
    symptom:
      /time(d)?[ -]?out|deadline|ETIMEDOUT|out of time|took too long|no time left|expired?|too (early|late|soon|old)|stale/i,
    explain: (diff) => {
      const unit = findUnitChange(diff.removed, diff.added);
      return unit && { what: `it counts a time in ${unit.to} where it was ${unit.from}`, strength: 0.8 };
    },
  },
  {
    name: 'more work for each request',
    source: 'CWE-1050, CWE-1067, CWE-1073 (calls in loops, searches without an index, too many accesses)',
    everyday: 0.05,
    modes: ['timeout'],
    symptom: /slow|latency|duration|p9[059]|time(d)?[ -]?out|deadline|query.?count|queries|cpu|throughput/i,
    explain: (diff) =>
      (findCallInLoop(diff.hunks) ? { what: 'it makes a call for each item of a loop', strength: 0.8 } : undefined) ??
      fewer(
        diff,
        /cache|memo|index|batch|prefetch|preload|select_related|eager|include|\bjoin\b|limit \d|paginate/i,
        'it removes a cache, an index or a batch',
        0.6,
      ) ??
      more(diff, /\bdrop\s+index\b|(remove|drop)_?index\b/i, 'it drops an index', 0.8) ??
      more(
        diff,
        /sleep\(|time\.Sleep|setTimeout\(.*\d{3}|Thread\.sleep|\bsync\(|execSync|readFileSync/,
        'it adds waiting to the path of a request',
        0.75,
      ),
  },
  {
    name: 'a pattern that backtracks',
    source: 'CWE-1333; Davis et al., "The impact of regular expression denial of service in practice", ESEC/FSE 2018',
    everyday: 0.005,
    modes: ['timeout', 'server-error'],
    symptom: /cpu|event loop|blocked|time(d)?[ -]?out|deadline|latency|slow|duration|p9[059]/i,
    explain: (diff) => more(diff, /\([^()]*[+*][^()]*\)[+*]/, 'it repeats in a pattern what repeats already', 0.75),
  },
  {
    name: 'more written to logs',
    source: 'CWE-779',
    everyday: 0.005,
    modes: ['server-error'],
    symptom: /no space left|ENOSPC|disk|volume.*full|log.?(bytes|volume|lines|rate)|i\/o|iops/i,
    explain: ({ hunks }) => {
      const level = findLevelChange(hunks);
      return level && { what: `it logs from \`${level.to}\` on where it was \`${level.from}\``, strength: 0.8 };
    },
  },
];

/** Another key finds nothing of what is cached, and one with more parts finds less for good. */
function explainCacheKey({ hunks }: DiffView): Sign | undefined {
  const makesKey = (line: string) => /key/i.test(line) || /[`"'][\w-]+:[^`"']*[:$%{]/.test(line);
  for (const hunk of hunks) {
    const surroundings = [hunk.path, hunk.header, ...hunk.lines].join('\n');
    if (!/cache|redis|memcache/i.test(surroundings) || !/key/i.test(surroundings)) continue;
    if (hunk.removed.some(makesKey) && hunk.added.some(makesKey))
      return { what: 'it changes the key under which values are cached', strength: 0.75 };
  }
  return undefined;
}
