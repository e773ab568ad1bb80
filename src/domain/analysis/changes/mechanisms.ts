import { explainNewDemand, explainNewValue, explainRename } from './contract-diffs.ts';
import type { DiffView } from './diff-view.ts';
import { count } from './diff-view.ts';
import { codeOnly } from './diffs.ts';
import { findUnitChange } from './units-in-diffs.ts';

export { viewDiff } from './diff-view.ts';

interface Explained {
  readonly what: string;
  readonly strength: number;
  /** The very name that the errors ask for is what the diff took away: such words do not coincide. */
  readonly isMissed?: true;
}

/**
 * General knowledge of how faults are made: each mechanism names symptoms (in logs, metrics and alerts of any system) and what a
 * diff that makes them looks like. Nothing here knows a data set or a service.
 */
export interface Mechanism {
  readonly name: string;
  readonly symptom: RegExp;
  /** What the diff does, as part of a sentence, and how strongly that explains the symptom's text (0 to 1); undefined when it does not. */
  readonly explain: (diff: DiffView, text: string) => Explained | undefined;
}

function fewer(diff: DiffView, pattern: RegExp, what: string, strength: number) {
  const removed = count(diff.removed, pattern);
  return removed > 0 && removed > count(diff.added, pattern) ? { what, strength } : undefined;
}

function moved(diff: DiffView, name: RegExp, way: 'up' | 'down' | 'any', strength: number) {
  for (const change of diff.numbers) {
    if (!name.test(change.name)) continue;
    const up = change.to > change.from;
    if (way !== 'any' && (way === 'up') !== up) continue;
    const ratio = Math.abs(Math.log2((change.to || 1e-3) / (change.from || 1e-3)));
    const large = Math.min(1, 0.6 + ratio / 6);
    return { what: `it moves a limit: \`${change.shown.slice(0, 160)}\``, strength: strength * large };
  }
  return undefined;
}

const nullCheck =
  /(===?|!==?|\bis\b|\bis not\b)\s*(nil|null|None|nullptr|undefined)\b|\?\.|\?\?|\bOptional\b|isPresent|\.get\(.+,|getOrDefault|unwrap_or|hasattr|isset|isEmpty|\blen\(|\.length\b|typeof/;
const lockWord =
  /\b(mutex|r?w?lock|r?unlock|synchronized|semaphore|atomic\w*|sync\.\w+|Interlocked|threading\.\w*Lock)\b/i;
const loopHead = /\b(for|while|foreach)\b|\.(map|forEach|each|flatMap)\(/;
const remoteCall =
  /\bawait\b|query|select |fetch|\bget\w*\(|\bfind\w*\(|\bload\w*\(|http|rpc|client\.|\brequest\(|\bexec\w*\(|repository|\bdb\./i;
const growth = /\bappend\(|\.(push|add|put|set|append|insert|enqueue)\(|\w\[[^\]]+\]\s*=[^=]/;
const bound =
  /evict|delete|remove|\.pop\(|shift\(|\bmax|limit|capacity|\bcap\b|\blru|ttl|expire|truncate|\.clear\(|slice\(-|maxlen|bounded|\bring(buffer)?\b/i;
const sharedContainer =
  /^(?:export\s+)?(?:var|let|const|static|private static|public static|global)\b.*(\[\]|\{\}|\bmap\b|Map|List|Array|Set|dict|Queue|make\()|^[A-Za-z_]\w*\s*=\s*(\[\]|\{\}|dict\(|list\(|defaultdict|deque\()/;

export const mechanisms: readonly Mechanism[] = [
  {
    name: 'missing value',
    symptom:
      /nil pointer|null ?pointer|null reference|null deref|NoneType|is not a function|cannot read propert|of (undefined|null)\b|undefined is not|is undefined|AttributeError|nullref|optional.*(empty|unwrap)|segmentation|SIGSEGV|index out of|IndexError|out of (range|bounds)/i,
    explain: (diff) => fewer(diff, nullCheck, 'it removes a check for a missing value', 0.85),
  },
  {
    name: 'lost synchronisation',
    symptom:
      /concurrent|data race|race condition|deadlock|ConcurrentModification|lock (wait|timeout)|acquire lock|isolation|could not serialize|double free/i,
    explain: (diff) =>
      fewer(diff, lockWord, 'it removes a lock', 0.85) ??
      touches(
        diff,
        /\block\b|transaction|for update|isolation|begin\b.*tx|synchronized|mutex/i,
        'it changes what is locked',
        0.55,
      ),
  },
  {
    name: 'too small a limit',
    symptom:
      /pool|exhaust|too many|saturat|budget|queue (is )?full|no (free|idle|available)|max(imum)?\b.*(reach|exceed)|limit|backpressure|overflow|retry|retries|quota|throttl|429|semaphore|starv|lag|backlog|too large|413|out.of.memory/i,
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
    name: 'memory that is never given back',
    symptom: /\boom|out of memory|memory|heap|\brss\b|\bgc\b|allocat/i,
    explain: (diff) => explainGrowth(diff) ?? moved(diff, /cache|buffer|max|size|heap|memory|limit|batch/i, 'any', 0.6),
  },
  {
    name: 'shorter patience',
    symptom: /time(d)?[ -]?out|deadline|ETIMEDOUT|took too long|cancell?ed|aborted/i,
    explain: (diff) => moved(diff, /time|deadline|wait|expire|patience|delay|interval|keep.?alive/i, 'down', 0.8),
  },
  {
    name: 'another unit of time',
    symptom:
      /time(d)?[ -]?out|deadline|ETIMEDOUT|out of time|took too long|no time left|expired?|too (early|late|soon|old)|stale/i,
    explain: (diff) => {
      const unit = findUnitChange(diff.removed, diff.added);
      return unit && { what: `it counts a time in ${unit.to} where it was ${unit.from}`, strength: 0.8 };
    },
  },
  {
    name: 'more work for each request',
    symptom: /slow|latency|duration|p9[059]|time(d)?[ -]?out|deadline|query.?count|queries|cpu|throughput/i,
    explain: (diff) =>
      explainCallInLoop(diff) ??
      fewer(
        diff,
        /cache|memo|index|batch|prefetch|preload|\bjoin\b|limit \d|paginate/i,
        'it removes a cache, an index or a batch',
        0.6,
      ) ??
      (count(diff.added, /sleep\(|time\.Sleep|setTimeout\(.*\d{3}|Thread\.sleep|\bsync\(|execSync|readFileSync/) > 0
        ? { what: 'it adds waiting to the path of a request', strength: 0.75 }
        : undefined),
  },
  {
    name: 'credentials and their lifetime',
    symptom:
      /\b(401|403|407)\b|unauthori[sz]ed|forbidden|denied|token|session|credential|jwt|signature|expired|login|authenticat|api.?key|csrf/i,
    explain: (diff) =>
      moved(diff, /ttl|life|expir|valid|age|session|token|leeway|skew|grace|max/i, 'down', 0.9) ??
      moved(diff, /ttl|life|expir|valid|age|session|token|leeway|skew|grace/i, 'any', 0.6) ??
      touches(
        diff,
        /token|session|auth|secret|scope|audience|issuer|claim|jwt|signature|permission|role|api.?key|credential/i,
        'it changes how credentials are made or checked',
        0.5,
      ),
  },
  {
    name: 'changed contract',
    symptom:
      /unknown (field|column|property|key)|no (mapping|such (column|field|table|key|property))|not found|\b(400|404|405|406|409|415|422)\b|invalid|missing|required|unexpected|schema|pars(e|ing)|deserial|decode|unmarshal|malformed|bad request|validation|does not exist|KeyError|NoSuch|unprocessable|mismatch|TypeError|ValueError|unsupported|not set|environment variable|config|refused the|must (be|have|contain)|problem/i,
    explain: (diff, text) =>
      explainRename(diff, text) ??
      explainNewValue(diff, text) ??
      touches(
        diff,
        /\b(drop|alter|rename)\s+(table|column|index|type|constraint)|\bNOT NULL\b|rename_column|remove_column/i,
        'it changes the schema of stored data',
        0.7,
      ) ??
      explainNewDemand(diff),
  },
  {
    name: 'changed address',
    symptom:
      /ECONNREFUSED|connection refused|ENOTFOUND|no such host|unreachable|name resolution|getaddrinfo|no route|EAI_AGAIN|dial tcp|connect(ion)? (failed|error|reset)|unavailable|bad gateway/i,
    explain: (diff) => {
      const address = /https?:\/\/|\bhost\b|\bport\b|endpoint|\baddr(ess)?\b|base.?url|\burl\b|dns|:\d{2,5}\b/i;
      return count(diff.removed, address) > 0 && count(diff.added, address) > 0
        ? { what: 'it changes the address of something that is called', strength: 0.75 }
        : undefined;
    },
  },
  {
    name: 'wrong arithmetic or condition',
    symptom:
      /wrong|mismatch|incorrect|negative|NaN|inconsisten|overdraw|amount|total|balance|divi(de|sion)|overflow|duplicate/i,
    explain: (diff) => explainOperator(diff),
  },
];

function touches(diff: DiffView, pattern: RegExp, what: string, strength: number) {
  return count([...diff.removed, ...diff.added], pattern) > 0 ? { what, strength } : undefined;
}

function explainGrowth(diff: DiffView) {
  const containers = diff.added.filter((line) => sharedContainer.test(line));
  const names = containers.map(
    (line) =>
      /(?:var|let|const|static|=)?\s*([A-Za-z_]\w*)\s*(?:[:=]|\[\]|map\b|$)/.exec(
        line.replace(/^(export|private|public|static|final|var|let|const)\s+/g, ''),
      )?.[1] ?? '',
  );
  const grows = diff.added.some((line) => growth.test(line));
  const isBounded = diff.added.some((line) => bound.test(line));
  if (containers.length > 0 && grows && !isBounded) {
    return {
      what: `it keeps adding to \`${names.find((name) => name !== '') ?? 'a shared container'}\` and never removes`,
      strength: 0.85,
    };
  }
  return (
    fewer(
      diff,
      /evict|delete\b|\.clear\(|close\(|release|free\(|dispose|removeListener|clearInterval|maxsize|lru/i,
      'it removes what gave memory back',
      0.75,
    ) ??
    (grows && !isBounded && containers.length > 0
      ? { what: 'it adds to a container without a limit', strength: 0.5 }
      : undefined)
  );
}

function explainCallInLoop(diff: DiffView) {
  for (const hunk of diff.hunks) {
    let depth = hunk.context.some((line) => loopHead.test(line)) ? 1 : 0;
    for (const line of codeOnly(hunk.added)) {
      if (loopHead.test(line) && !remoteCall.test(line.replace(loopHead, ''))) depth++;
      else if (depth > 0 && remoteCall.test(line))
        return { what: 'it makes a call for each item of a loop', strength: 0.8 };
    }
  }
  return undefined;
}

function explainOperator(diff: DiffView) {
  const bare = (line: string) => line.replace(/\b(true|false|True|False|not|and|or)\b|[<>=!+\-*/%&|\s]/g, '');
  const flipped = diff.removed.some(
    (line) =>
      bare(line).length > 3 && diff.added.some((other) => bare(other) === bare(line) && other.trim() !== line.trim()),
  );
  return flipped ? { what: 'it turns a condition or an operator round', strength: 0.65 } : undefined;
}
