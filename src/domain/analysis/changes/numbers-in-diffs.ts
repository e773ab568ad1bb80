import type { Hunk } from './diffs.ts';
import { codeOnly } from './diffs.ts';

/** A constant that a diff moved. */
export interface NumberChange {
  readonly path: string;
  /** Words of the line before the number: `MaxConns`, `session.ttl`. */
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly shown: string;
}

const unitInSeconds: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  nanosecond: 1e-9,
  microsecond: 1e-6,
  millisecond: 1e-3,
  millis: 1e-3,
  second: 1,
  sec: 1,
  minute: 60,
  min: 60,
  hour: 3600,
  day: 86_400,
};

/** Suffixes of quantities as Kubernetes, JVMs and databases write them; `m` stays a minute, and compares rightly with itself. */
const sizes = ['', 'k', 'm', 'g', 't', 'p'];

/** `480Mi`, `1Gi`, `64MB`, `2G`: how many of the plain unit one of it is; undefined for what is no size. */
function readSize(unit: string): number | undefined {
  const found = /^([kmgtp])(i?)b?$/i.exec(unit);
  if (!found) return undefined;
  return (found[2] === '' ? 1000 : 1024) ** sizes.indexOf((found[1] ?? '').toLowerCase());
}

/**
 * Finds numbers that changed between lines that otherwise read alike, products and units of time worked out.
 * Our own rule; units are those of the SI and IEC 80000-13, written as Kubernetes' `Quantity` and JVMs do. O(n) for n lines of bounded
 * length, and O(n) more for each number without a name.
 */
export function findNumberChanges(hunks: readonly Hunk[]): readonly NumberChange[] {
  return hunks.flatMap((hunk) => {
    const added = codeOnly(hunk.added).map(readNumbers);
    const twins = new Map(added.toReversed().map((line) => [line.skeleton, line]));
    // `{MaxAttempts: 8, Delay: 5}` against `{MaxAttempts: 2}`: the same name in a line that differs otherwise.
    const named = new Map(
      added
        .flatMap(({ numbers }) => numbers)
        .toReversed()
        .map((number) => [number.name, number]),
    );
    return codeOnly(hunk.removed).flatMap((line) => {
      const before = readNumbers(line);
      const twin = before.numbers.length > 0 ? twins.get(before.skeleton) : undefined;
      const pairs = twin
        ? before.numbers.map((number, i) => [number, twin.numbers[i]] as const)
        : before.numbers.filter(({ name }) => name !== '').map((number) => [number, named.get(number.name)] as const);
      return pairs.flatMap(([from, to]) => {
        if (to === undefined || to.value === from.value) return [];
        const name = nameless.test(from.name) ? nameAbove(hunk, line) : from.name;
        return [
          {
            path: hunk.path,
            name,
            from: from.value,
            to: to.value,
            shown: `${name}: ${from.raw} → ${to.raw}`,
          },
        ];
      });
    });
  });
}

/** Keys of settings that are lists of names and values, as Kubernetes, Terraform and Hadoop write them. */
const nameless = /^(value|default|val)$/i;
const nameBefore = /\b(?:name|key|variable)\b\W+([A-Za-z_][\w.-]*)/i;
const linesAbove = 3;

/** `name: DB_MAX_CONNS` above of `value: "50"`. */
function nameAbove({ lines }: Hunk, line: string): string {
  const at = lines.indexOf(`-${line}`);
  const above = lines.slice(Math.max(0, at - linesAbove), Math.max(0, at)).toReversed();
  return above.map((text) => nameBefore.exec(text.slice(1))?.[1]).find((name) => name !== undefined) ?? 'value';
}

interface NamedNumber {
  /** The nearest name before the number. */
  readonly name: string;
  readonly raw: string;
  readonly value: number;
}

interface NumberedLine {
  readonly skeleton: string;
  readonly numbers: readonly NamedNumber[];
}

const quantity =
  /(?<![\w.])(\d[\d_]*(?:\.\d+)?)(?:\s*(ns|us|ms|s|m|h|d|[kgtp]|[kmgtp]i?b|[kmgtp]i)\b)?((?:\s*\*\s*(?:\d[\d_]*(?:\.\d+)?|(?:\w+\.)?(?:nano|micro|milli)?(?:millis|seconds?|sec|minutes?|min|hours?|days?)\w*))*)/gi;

function readNumbers(line: string): NumberedLine {
  const numbers: NamedNumber[] = [];
  const skeleton = line.replace(
    quantity,
    (raw: string, digits: string, unit: string | undefined, product: string, offset: number) => {
      let value = Number(digits.replaceAll('_', ''));
      if (unit) value *= unitInSeconds[unit.toLowerCase()] ?? readSize(unit) ?? 1;
      const factors = product.split('*').map((part) => part.trim());
      for (const factor of factors.filter((part) => part !== '')) value *= readFactor(factor);
      const name =
        line
          .slice(0, offset)
          .match(/[A-Za-z_][\w.-]*/g)
          ?.at(-1) ?? '';
      numbers.push({ name, raw: raw.trim(), value });
      return '#';
    },
  );
  return { skeleton: skeleton.replace(/\s+/g, ''), numbers };
}

function readFactor(factor: string): number {
  const digits = Number(factor.replaceAll('_', ''));
  if (Number.isFinite(digits)) return digits;
  const unit = (factor.split('.').at(-1) ?? '').toLowerCase().replace(/s$/, '');
  return unitInSeconds[unit] ?? unitInSeconds[`${unit}s`] ?? 1;
}
