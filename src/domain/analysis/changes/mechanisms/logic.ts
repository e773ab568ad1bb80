import type { DiffView } from '../diff-view.ts';
import { count } from '../diff-view.ts';
import { fewer, type Mechanism, type Sign } from './mechanism.ts';

const nullCheck =
  /(===?|!==?|\bis\b|\bis not\b)\s*(nil|null|None|nullptr|undefined)\b|\?\.|\?\?|\bOptional\b|isPresent|\.get\(.+,|getOrDefault|unwrap_or|hasattr|isset|isEmpty|\blen\(|\.length\b|typeof/;
const lockWord =
  /\b(mutex|r?w?lock|r?unlock|synchronized|semaphore|atomic\w*|sync\.\w+|Interlocked|threading\.\w*Lock)\b/i;
/** Where clocks and zones are told apart, in the standard libraries of common languages. */
const zoneWords =
  /utcnow|utcfromtimestamp|\.utc\b|ZoneOffset|ZoneId|ZoneInfo|ZonedDateTime|OffsetDateTime|LocalDateTime|time\.(UTC|Local|LoadLocation)\b|\.(UTC|Local|In)\(|tzinfo|pytz|\btz\b|timezone|getTimezoneOffset|get(UTC)?(Hours|Date|Day)\(|toISOString|at time zone|timestamptz|datetime\.now|Date\.now/gi;

/**
 * Faults of what code decides and computes.
 * Each row names its source.
 * A row costs O(n) for n lines of the diff.
 */
export const logicMechanisms: readonly Mechanism[] = [
  {
    name: 'missing value',
    source: 'CWE-476, CWE-129',
    everyday: 0.06,
    modes: ['server-error'],
    symptom:
      /nil pointer|null ?pointer|null reference|null deref|NoneType|is not a function|cannot read propert|of (undefined|null)\b|undefined is not|is undefined|AttributeError|nullref|optional.*(empty|unwrap)|segmentation|SIGSEGV|index out of|IndexError|out of (range|bounds)/i,
    explain: (diff) => fewer(diff, nullCheck, 'it removes a check for a missing value', 0.85),
  },
  {
    name: 'lost synchronisation',
    source: 'CWE-362, CWE-667, CWE-833; Lu et al., "Learning from mistakes", ASPLOS 2008',
    everyday: 0.02,
    modes: ['timeout', 'server-error'],
    symptom:
      /concurrent|data race|race condition|deadlock|ConcurrentModification|lock (wait|timeout)|acquire lock|isolation|could not serialize|double free/i,
    explain: (diff) =>
      fewer(diff, lockWord, 'it removes a lock', 0.85) ??
      (count(
        [...diff.removed, ...diff.added],
        /\block\b|transaction|for update|isolation|begin\b.*tx|synchronized|mutex/i,
      ) > 0
        ? { what: 'it changes what is locked', strength: 0.55 }
        : undefined),
  },
  {
    name: 'wrong arithmetic or condition',
    source: 'CWE-480',
    everyday: 0.06,
    showsAtNeighbours: true,
    modes: ['rejected'],
    symptom:
      /wrong|mismatch|incorrect|negative|NaN|inconsisten|overdraw|amount|total|balance|divi(de|sion)|overflow|duplicate|incomplete|out of (range|bounds)|off.by/i,
    explain: (diff) => explainOperator(diff),
  },
  {
    name: 'off by one',
    source: 'CWE-193',
    everyday: 0.02,
    showsAtNeighbours: true,
    modes: ['rejected', 'server-error'],
    symptom:
      /out of (range|bounds)|off.by|incomplete|missing|duplicate|twice|mismatch|wrong|incorrect|expected \S+.{0,40}(got|received|but)|\b(first|last) (row|item|page|element|record|entry)/i,
    explain: (diff) => explainShift(diff),
  },
  {
    name: 'lost precision',
    source:
      'CWE-1339, CWE-681; Goldberg, "What every computer scientist should know about floating-point arithmetic", 1991',
    everyday: 0.005,
    showsAtNeighbours: true,
    modes: ['rejected', 'server-error'],
    symptom:
      /\d\.\d{9,}|decimal (place|digit)|unbalanced|round(ing|ed)|precision|mismatch|does not (add up|match)|incorrect/i,
    explain: (diff) =>
      fewer(
        diff,
        /\b(Big)?Decimal\b|\bnumeric\(|BigInt\b|toFixed\(|to_?decimal_?places|\bround\(|quantize\(|\bMoney\b/i,
        'it gives up exact or rounded numbers',
        0.75,
      ),
  },
  {
    name: 'another clock or time zone',
    source: 'Python 3.12 documentation of datetime, which deprecates utcnow for this confusion',
    everyday: 0.02,
    showsAtNeighbours: true,
    modes: ['rejected'],
    symptom:
      /not (yet|valid)|expired?\b|in the (past|future)|too (early|late)|time.?zone|\bdst\b|clock|skew|hours? (off|ahead|behind)|stale|wrong (day|date|hour)|overdue/i,
    explain: ({ removed, added }) => {
      const words = (lines: readonly string[]) =>
        new Set(lines.flatMap((line) => line.match(zoneWords) ?? []).map((word) => word.toLowerCase()));
      const [before, after] = [words(removed), words(added)];
      const isOther = before.size > 0 && [...before].some((word) => !after.has(word));
      return isOther ? { what: 'it reads another clock or time zone', strength: 0.75 } : undefined;
    },
  },
];

/** Lines that read alike but for operators. */
function explainOperator(diff: DiffView): Sign | undefined {
  const bare = (line: string) => line.replace(/\b(true|false|True|False|not|and|or)\b|[<>=!+\-*/%&|\s]/g, '');
  return isPaired(diff, bare) ? { what: 'it turns a condition or an operator round', strength: 0.65 } : undefined;
}

/** Lines that read alike but for one added or taken away, or for a bound that is within or without. */
function explainShift(diff: DiffView): Sign | undefined {
  const bare = (line: string) => line.replace(/[+-]\s*1\b(?!\.)|[<>]=?|[()\s]/g, '');
  return isPaired(diff, bare) ? { what: 'it shifts a bound or an index by one', strength: 0.75 } : undefined;
}

/** O(lines): generated files change thousands of them. */
function isPaired({ removed, added }: DiffView, bare: (line: string) => string): boolean {
  const squeezed = (line: string) => line.replace(/\s/g, '');
  const twins = new Map(added.map((line) => [bare(line), squeezed(line)]));
  return removed.some((line) => {
    const key = bare(line);
    const twin = key.length > 3 ? twins.get(key) : undefined;
    return twin !== undefined && twin !== squeezed(line);
  });
}
