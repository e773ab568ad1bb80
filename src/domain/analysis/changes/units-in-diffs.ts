type Unit = 'ns' | 'us' | 'ms' | 's' | 'min' | 'h' | 'd';

const words: Readonly<Record<string, Unit>> = {
  ...{ ns: 'ns', nano: 'ns', nanos: 'ns', nanosecond: 'ns', nanoseconds: 'ns' },
  ...{ us: 'us', micro: 'us', micros: 'us', microsecond: 'us', microseconds: 'us' },
  ...{ ms: 'ms', msec: 'ms', milli: 'ms', millis: 'ms', millisecond: 'ms', milliseconds: 'ms' },
  ...{ sec: 's', secs: 's', second: 's', seconds: 's', minute: 'min', minutes: 'min', mins: 'min' },
  ...{ hour: 'h', hours: 'h', day: 'd', days: 'd' },
};
/** Factors between a unit and the second, as code writes them. */
const factors: readonly (readonly [RegExp, Unit])[] = [
  [/[*/]\s*(?:1_?000_?000_?000|1e9)(?:\.0)?\b/i, 'ns'],
  [/[*/]\s*(?:1_?000_?000|1e6)(?:\.0)?\b/i, 'us'],
  [/[*/]\s*(?:1_?000|1e3)(?:\.0)?(?![\d_])/i, 'ms'],
  [/[*/]\s*60(?:\.0)?\b(?!\s*\*)/, 'min'],
  [/[*/]\s*3_?600(?:\.0)?\b/, 'h'],
  [/[*/]\s*86_?400(?:\.0)?\b/, 'd'],
];
/** These convert whatever they are given, and say nothing of the unit that was put in. */
const conversion =
  /\b(?:total_?seconds|as_?(?:secs|millis|micros|nanos)\w*|to_?(?:seconds|millis|nanos|minutes)|perf_counter_ns)\b/gi;

/**
 * A duration that lines read in one unit before and in another after: `int(x) / 1000` became `timedelta(microseconds=int(x))`.
 * Another way to write the same unit is no change.
 * Our own rule; units are spelled as in Go's `time`, Java's `TimeUnit` and Python's `timedelta`. O(n) for n characters.
 * @returns the unit that went and the one that came, or undefined
 */
export function findUnitChange(
  removed: readonly string[],
  added: readonly string[],
): { readonly from: Unit; readonly to: Unit } | undefined {
  const [before, after] = [readUnits(removed), readUnits(added)];
  const from = [...before].find((unit) => !after.has(unit));
  const to = [...after].find((unit) => !before.has(unit));
  return from === undefined || to === undefined ? undefined : { from, to };
}

function readUnits(lines: readonly string[]): ReadonlySet<Unit> {
  const units = new Set<Unit>();
  for (const line of lines) {
    const text = line.replace(conversion, ' ');
    for (const [pattern, unit] of factors) if (pattern.test(text)) units.add(unit);
    const apart = text.replace(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase();
    for (const word of apart.match(/[a-z]+/g) ?? []) {
      const unit = Object.hasOwn(words, word) ? words[word] : undefined;
      if (unit !== undefined) units.add(unit);
    }
  }
  return units;
}
