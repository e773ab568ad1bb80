import { isFileName, pytestSummary, readTestReport, totals } from './test-report.ts';

/** What a test runner's output tells of a run, whether it passed or failed. */
export interface TestTally {
  /** How many tests ran and were not skipped, by the runner's own count; absent where it tells none. */
  readonly ran?: number;
  /** Names of those that passed, where the runner names them. */
  readonly passed: readonly string[];
  readonly failed: readonly string[];
}

const passedNames = [
  /^\s*ok \d+ - (.{1,200})$/,
  /^\s*[✔✓√] (.{1,200}?)(?: \(\d[\d.]{0,12} ?m?s\))?$/u,
  /^(\S.{0,200}) \.\.\. ok$/,
  /^\s*--- PASS: (\S{1,200}) \(/,
  /^\S{1,200}?::(\S{1,200}) PASSED/,
];
const skips = [
  /^(?:#|ℹ) (?:skipped|todo) (\d{1,7})$/u,
  /^(?:OK|FAILED) \(.{0,60}?skipped=(\d{1,7})/,
  /^Tests:.{0,100}?(\d{1,7}) skipped/,
  /^(?:\[(?:ERROR|INFO|WARNING)\] )?Tests run: .{0,60}Skipped: (\d{1,7})/,
  /^=* ?.{0,100}?(\d{1,7}) skipped.{0,60} in [\d.]+s/,
];
const goEnd = /^--- (?:PASS|FAIL): \S{1,200} \(/;
const mostNames = 5_000;

/** Reads the tally from the words of the common runners: their last total, since tests can print anything before it. */
export function readTestTally(lines: readonly string[]): TestTally {
  const passed = new Set<string>();
  let total: number | undefined;
  let skipped = new Map<number, number>();
  let ends = 0;
  for (const line of lines) {
    const name = firstGroup(passedNames, line);
    if (name !== undefined && !/ # (?:SKIP|TODO)\b/i.test(name) && passed.size < mostNames) passed.add(toName(name));
    if (goEnd.test(line)) ends++;
    const count = firstGroup(totals, line);
    if (count !== undefined) [total, skipped] = [Number(count), new Map<number, number>()];
    const [, counts] = pytestSummary.exec(line) ?? [];
    if (counts !== undefined) {
      total = [...counts.matchAll(/(\d+) (?!warning)/g)].reduce((sum, [, one]) => sum + Number(one), 0);
      skipped = new Map();
    }
    for (const [at, pattern] of skips.entries()) {
      const [, without] = pattern.exec(line) ?? [];
      if (without !== undefined) skipped.set(at, (skipped.get(at) ?? 0) + Number(without));
    }
  }
  const counted = total ?? (ends > 0 ? ends : undefined);
  const left = [...skipped.values()].reduce((sum, one) => sum + one, 0);
  return {
    passed: [...passed],
    failed: readTestReport(lines).failed,
    ...(counted === undefined ? {} : { ran: Math.max(0, counted - left) }),
  };
}

/**
 * Why a run that passed does not show that the tests of the run before passed in it; undefined where it does. A program that
 * ends itself with 0, or tests that are no longer found, leave fewer tests or other names.
 */
export function findTallyFault(before: TestTally, after: TestTally): string | undefined {
  if (after.ran === undefined) return 'its output tells no count of tests that ran';
  if (after.ran === 0) return 'no test ran with it';
  if (before.ran !== undefined && after.ran < before.ran) {
    return `only ${after.ran} of the ${before.ran} tests that run without it run with it`;
  }
  if (before.passed.length + after.passed.length === 0) return undefined;
  const known = new Set([...after.passed, ...after.failed]);
  const missing = [...before.failed, ...before.passed].find((name) => !isFileName(name) && !known.has(name));
  if (missing !== undefined) return `the test ${JSON.stringify(missing)} is not among those that run with it`;
  // Node names a file in the place of its tests where it could not read any: it then says nothing of them.
  return after.passed.every(isFileName) && after.failed.length === 0
    ? 'its output names no test that passes'
    : undefined;
}

function firstGroup(patterns: readonly RegExp[], line: string): string | undefined {
  for (const pattern of patterns) {
    const group = pattern.exec(line)?.[1];
    if (group !== undefined) return group;
  }
  return undefined;
}

/** The same length and, for pytest's classes, the same form as names of failed tests have. */
function toName(name: string): string {
  return name.replaceAll('::', '.').slice(0, 120);
}
