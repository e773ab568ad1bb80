import type { FailureSignature } from './reproduction.ts';
import type { ReadFailure } from './signature.ts';

/** What the sandbox lacks that production has. */
export interface Trouble {
  readonly words: string;
  /** False where the code itself may be at fault: a changed address is refused in production as well. */
  readonly isCertain: boolean;
}

interface Sign {
  readonly pattern: RegExp;
  /** In words, with what the pattern's first group found. */
  readonly words: (found: string) => string;
  readonly isCertain?: false;
  /** The same without what varies, as it stands in a template of production's; the pattern itself when left out. */
  readonly masked?: RegExp;
}

const missingModule = (name: string) => `the module ${name} is not installed in the sandbox's image.`;
const missingDependency = () => 'a dependency is not in the sandbox, and it has no network to fetch it.';
const noSuchTest = () =>
  'the test runner was asked for what it does not know or find; check `sandbox.reproduce` and `sandbox.test`.';

const inFailures: readonly Sign[] = [
  {
    pattern: /Cannot find (?:module|package) '(?![./])([^']{1,100})'/,
    words: missingModule,
    masked: /Cannot find (?:module|package)/,
  },
  { pattern: /No module named '?(?!\w+\.)([\w-]{1,100})/, words: missingModule, masked: /No module named/ },
  {
    pattern:
      /\b(?:EAI_AGAIN|ENOTFOUND|ENETUNREACH|Temporary failure in name resolution|Network is unreachable|no such host)\b/,
    words: () => 'it wants a network, and the sandbox has none.',
    isCertain: false,
  },
  {
    pattern: /(?:ECONNREFUSED|Connection refused)\D{0,40}((?:\d{1,3}\.){3}\d{1,3}:\d{1,5}|::1:\d{1,5})?/i,
    words: (address) => `nobody serves ${address || 'the port that it calls'} there.`,
    isCertain: false,
  },
  {
    pattern: /\b(ENOSPC|EROFS|EACCES|Read-only file system|No space left on device)\b/,
    words: (what) => `its file system refused (${what}).`,
    isCertain: false,
  },
];

/** Words of runners, build tools and shells; they count where no failure is told beside them. */
const inLines: readonly Sign[] = [
  ...inFailures.slice(0, 3),
  { pattern: /^(?:.{0,60}: )?error: (?:unrecognized arguments|unknown option|unknown command)/i, words: noSuchTest },
  {
    pattern: /^(?:node: bad option: |Could not find '|No test files? found|No tests found|NO TESTS RAN)/,
    words: noSuchTest,
  },
  { pattern: /^(?:ERROR: (?:usage:|file or directory not found)|=* ?no tests ran)/, words: noSuchTest },
  { pattern: /^(?:npm (?:error|ERR!) Missing script|make: \*\*\* No rule to make target)/, words: noSuchTest },
  {
    pattern: /Could not resolve dependencies|Non-resolvable parent POM|one of its dependencies could not be resolved/,
    words: missingDependency,
  },
  { pattern: /in offline mode and the artifact \S+ has not been downloaded/, words: missingDependency },
  { pattern: /no required module provides package|cannot find module providing package/, words: missingDependency },
  {
    pattern: /error while loading shared libraries: ([^\s:]{1,100})/,
    words: (name) => `the library ${name} is not in the sandbox's image.`,
  },
  {
    pattern: /^(?:\S{1,60}: )?(?:(?:line )?\d+: )?([\w./-]{1,100}): (?:command )?not found$/,
    words: (name) => `the program ${name} is not in the sandbox's image.`,
  },
];

const linesRead = 120;

/**
 * What is wrong with the surroundings of a failed run and not with its code; undefined where nothing is known to be.
 * It takes every failure of the run to say so: tests provoke such errors on purpose, and beside another failure they explain nothing.
 */
export function findTrouble(failures: readonly ReadFailure[], lines: readonly string[]): Trouble | undefined {
  const [first, ...others] = failures.map(({ message }) => firstTrouble(inFailures, [message]));
  if (failures.length > 0) return others.includes(undefined) ? undefined : first;
  return firstTrouble(inLines, lines.slice(-linesRead));
}

/**
 * A sign that the surroundings lack something, anywhere in the output of a run that failed with more than that, in words. What
 * production shows as well is none: there the surroundings are at fault too.
 */
export function findLack(
  failures: readonly ReadFailure[],
  lines: readonly string[],
  expected: readonly FailureSignature[],
): string | undefined {
  const shown = expected.map(({ type = '', template }) => `${type}: ${template}`);
  const signs = inFailures.filter(({ pattern, masked = pattern }) => !shown.some((text) => masked.test(text)));
  return firstTrouble(signs, [...failures.map(({ message }) => message), ...lines])?.words;
}

function firstTrouble(signs: readonly Sign[], lines: readonly string[]): Trouble | undefined {
  for (const line of lines) {
    for (const { pattern, words, isCertain = true } of signs) {
      const found = pattern.exec(line);
      if (found) return { words: words(found[1] ?? ''), isCertain };
    }
  }
  return undefined;
}
