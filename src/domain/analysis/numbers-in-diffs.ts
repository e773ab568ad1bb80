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

/** Finds numbers that changed between lines that otherwise read alike, products and units of time worked out. */
export function findNumberChanges(hunks: readonly Hunk[]): readonly NumberChange[] {
  return hunks.flatMap((hunk) => {
    const added = codeOnly(hunk.added).map(readNumbers);
    return codeOnly(hunk.removed).flatMap((line) => {
      const before = readNumbers(line);
      if (before.values.length === 0) return [];
      const twin =
        added.find((after) => after.skeleton === before.skeleton) ??
        added.find((after) => after.name !== '' && after.name === before.name);
      if (!twin) return pairByName(hunk.path, line, hunk.added);
      return before.values.flatMap((from, i) => {
        const to = twin.values[i];
        return to === undefined || to === from
          ? []
          : [{ path: hunk.path, name: before.name, from, to, shown: `${line.trim()} → ${twin.line.trim()}` }];
      });
    });
  });
}

/** `{MaxAttempts: 8, Delay: 5}` against `{MaxAttempts: 2}`: named values inside of lines that differ otherwise. */
function pairByName(path: string, line: string, added: readonly string[]): readonly NumberChange[] {
  const named = /([A-Za-z_][\w.-]*)["']?\s*[:=]\s*(-?\d+(?:\.\d+)?)/g;
  return [...line.matchAll(named)].flatMap(([, name = '', value = '']) => {
    for (const other of added) {
      const twin = [...other.matchAll(named)].find((match) => match[1] === name);
      if (twin && twin[2] !== value)
        return [
          { path, name, from: Number(value), to: Number(twin[2]), shown: `${name}: ${value} → ${twin[2] ?? ''}` },
        ];
    }
    return [];
  });
}

interface NumberedLine {
  readonly line: string;
  readonly name: string;
  readonly skeleton: string;
  readonly values: readonly number[];
}

const quantity =
  /(?<![\w.])(\d[\d_]*(?:\.\d+)?)(?:\s*(ns|us|ms|s|m|h|d)\b)?((?:\s*\*\s*(?:\d[\d_]*(?:\.\d+)?|(?:\w+\.)?(?:nano|micro|milli)?(?:millis|seconds?|sec|minutes?|min|hours?|days?)\w*))*)/gi;

function readNumbers(line: string): NumberedLine {
  const values: number[] = [];
  const skeleton = line.replace(quantity, (_match, digits: string, unit: string | undefined, product: string) => {
    let value = Number(digits.replaceAll('_', ''));
    if (unit) value *= unitInSeconds[unit.toLowerCase()] ?? 1;
    for (const factor of product
      .split('*')
      .map((part) => part.trim())
      .filter((part) => part !== ''))
      value *= readFactor(factor);
    values.push(value);
    return '#';
  });
  const name = /([A-Za-z_][\w.-]*)["']?\s*(?::=|[:=]|,)\s*[^=]*$/.exec(skeleton.split('#')[0] ?? '')?.[1] ?? '';
  return { line, name, skeleton: skeleton.replace(/\s+/g, ''), values };
}

function readFactor(factor: string): number {
  const digits = Number(factor.replaceAll('_', ''));
  if (Number.isFinite(digits)) return digits;
  const unit = (factor.split('.').at(-1) ?? '').toLowerCase().replace(/s$/, '');
  return unitInSeconds[unit] ?? unitInSeconds[`${unit}s`] ?? 1;
}
