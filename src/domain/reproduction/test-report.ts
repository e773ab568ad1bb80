import type { TestReport } from './compare-failures.ts';
import { isTestFile } from './frames.ts';

const failedNames = [
  /^\s*not ok \d+ - (.{1,200})$/,
  /^\s*[✖✕×] (?!failing tests:)(.{1,200}?)(?: \(\d[\d.]{0,12} ?m?s\))?$/u,
  /^(?:FAIL|ERROR): (\S.{0,200})$/,
  /^_{3,} (.{1,200}) _{3,}$/,
  /^\s*--- FAIL: (\S{1,200}) \(/,
];
/** How many tests ran, by the runner's own count. */
export const totals = [
  /^(?:#|ℹ) tests (\d{1,7})$/u,
  /^Ran (\d{1,7}) tests? in /,
  /^Tests:.{0,100}?(\d{1,7}) total$/,
  /^(?:\[(?:ERROR|INFO|WARNING)\] )?Tests run: (\d{1,7}), /,
];
/** pytest counts by outcome instead. */
export const pytestSummary = /^=* ?((?:\d{1,7} \w+(?:, )?){1,8}) in [\d.]+s/;
const mostNames = 200;

/** Reads which tests failed and how many ran from the words of the common runners. */
export function readTestReport(lines: readonly string[]): TestReport {
  const failed = new Set<string>();
  let total: number | undefined;
  for (const line of lines) {
    for (const pattern of failedNames) {
      const name = pattern.exec(line)?.[1];
      if (name !== undefined && failed.size < mostNames) failed.add(name.slice(0, 120));
    }
    for (const pattern of totals) {
      const count = pattern.exec(line)?.[1];
      if (count !== undefined) total = Math.max(total ?? 0, Number(count));
    }
    const [, counts] = pytestSummary.exec(line) ?? [];
    if (counts !== undefined) total = [...counts.matchAll(/\d+/g)].reduce((sum, [count]) => sum + Number(count), 0);
  }
  return { failed: [...failed], ...(total === undefined ? {} : { total }) };
}

/** Node names a file in the place of its tests where it could not read any. */
export function isFileName(name: string): boolean {
  return isTestFile(name) || /^\S+\.(?:[cm]?[jt]sx?|py)$/.test(name);
}

/** unittest and pytest say so in the name of what failed. */
const unread = /_FailedTest\b|^(?:ERROR collecting|ERROR at setup of|setUpClass|setUpModule) /;

/** Whether the name of a failed test stands for tests that did not run: their file could not be loaded, or nothing set them up. */
export function namesUnread(name: string): boolean {
  return isFileName(name) || unread.test(name);
}
