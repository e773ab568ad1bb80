import type { FailureSignature, RunEnd, SignatureMatch } from './reproduction.ts';
import { findTellingFrame, isSameFile, isTestFile } from './frames.ts';
import { describeSignature, toKept, type ReadFailure } from './signature.ts';
import { findLack, findTrouble } from './surroundings.ts';
import { listPrinted } from './printed-words.ts';
import { countWords } from './templates.ts';

export interface MatchInput {
  readonly end: RunEnd;
  readonly failures: readonly ReadFailure[];
  readonly lines: readonly string[];
  /** Production's errors; absent or empty where the evidence holds none. */
  readonly expected?: readonly FailureSignature[];
  /** Those of them whose words in the output count; all that it holds when left out. */
  readonly printed?: readonly FailureSignature[];
}

export interface MatchResult {
  readonly match: SignatureMatch;
  /** In words, for people: what was compared and why it is held to be so. */
  readonly reason: string;
  /** The failure that is production's, where one is. */
  readonly failure?: ReadFailure;
  /** The error of production that it was held against. */
  readonly wanted?: FailureSignature;
  /** Present where the surroundings are at fault, in words. */
  readonly trouble?: string;
  /** Present where an equal status alone, of an answer or of a test, must not be taken for production's failure: why not. */
  readonly doubt?: string;
  /** Present where the output tells, beside its failures, of what the sandbox lacks, in words. */
  readonly lack?: string;
}

/**
 * Whether a failed run shows production's failure. Types and templates are compared first, then what the surroundings lack, then
 * weaker signs: production's words anywhere in the output, its top frame, and last its HTTP status, which every failure behind
 * a server shares. A test that asserts on an answer looks unlike the error behind it, so what has no sign of either is `unknown`.
 */
export function matchFailure(input: MatchInput): MatchResult {
  const { failures, lines, expected = [] } = input;
  const alike = findAlike(failures, expected);
  const trouble = alike?.match === 'same' ? undefined : findTrouble(failures, lines);
  if (trouble && (trouble.isCertain || expected.length > 0)) {
    return { match: 'different', reason: `The sandbox lacks something: ${trouble.words}`, trouble: trouble.words };
  }
  const others = expected.filter((wanted) => wanted !== alike?.wanted);
  const isSame = alike?.match === 'same';
  const found =
    (isSame ? alike : undefined) ??
    findWords(input, others) ??
    findPlace(failures, expected) ??
    findEnd(input) ??
    alike ??
    findOther(failures, expected) ??
    findStatus(failures, expected) ??
    explainUnknown(input);
  return doubtMatch(found, input);
}

/**
 * A program can print whatever it likes, and a sandbox lacks what production has: beside a sign of that nothing is held to be
 * production's failure, unless production shows the same sign.
 */
function doubtMatch(found: MatchResult, { failures, lines, expected = [] }: MatchInput): MatchResult {
  if (found.match === 'different') return found;
  const lack = findLack(failures, lines, expected);
  if (lack === undefined) return found;
  const doubt = `The output also tells of surroundings that the sandbox lacks: ${lack}`;
  const { failure } = found;
  const compared = found.match === 'same' ? `It cannot be told whether it is production's failure. ` : '';
  return {
    match: 'unknown',
    reason: `${compared}${doubt} ${found.reason}`,
    doubt,
    lack,
    ...(failure ? { failure } : {}),
  };
}

/** The same type and template. At another place of the code, with words that any error of its type has, it may be another error. */
function findAlike(failures: readonly ReadFailure[], expected: readonly FailureSignature[]): MatchResult | undefined {
  let elsewhere: MatchResult | undefined;
  for (const failure of failures) {
    for (const wanted of expected) {
      if (failure.template !== wanted.template || !hasSameType(failure, wanted)) continue;
      const isShared = sharesFile(failure, wanted);
      const what = `Production's ${describe(wanted)}`;
      if (isShared || (isShared === undefined && countWords(wanted.template) > 0)) {
        return { match: 'same', reason: `${what}: the same type and message in the sandbox.`, failure };
      }
      elsewhere ??= {
        match: 'unknown',
        reason: `${what} has the type and message of the sandbox's ${describe(failure)}, but not its place.`,
        failure,
        wanted,
      };
    }
  }
  return elsewhere;
}

function hasSameType(one: FailureSignature, other: FailureSignature): boolean {
  if (one.type === undefined || other.type === undefined) return countWords(other.template) > 1;
  return lastName(one.type) === lastName(other.type);
}

function hasOtherType({ type: one }: FailureSignature, { type: other }: FailureSignature): boolean {
  return one !== undefined && other !== undefined && lastName(one) !== lastName(other);
}

/** `TokenExpired` of `app.errors.TokenExpired` and of `app::TokenExpired`: one logger prints the module, the other does not. */
function lastName(type: string): string {
  return type.split(/[.:]+/).at(-1) ?? type;
}

/** Undefined where one of them has no frame outside of tests. */
function sharesFile(one: FailureSignature, other: FailureSignature): boolean | undefined {
  const [ours, theirs] = [one, other].map(({ frames }) => frames.filter(({ file }) => !isTestFile(file)));
  if (!ours?.length || !theirs?.length) return undefined;
  return ours.some((frame) => theirs.some(({ file }) => isSameFile(frame.file, file)));
}

/** A service that runs in the sandbox prints what it prints in production. */
function findWords(
  { lines, expected = [], printed = listPrinted(lines, expected) }: MatchInput,
  wanted: readonly FailureSignature[],
): MatchResult | undefined {
  const found = printed.find((one) => wanted.includes(one));
  return found && { match: 'same', reason: `The output holds production's ${describe(found)}.` };
}

/** Proof only where production's evidence holds nothing that says more: otherwise that should show in the output, and does not. */
function findStatus(failures: readonly ReadFailure[], expected: readonly FailureSignature[]): MatchResult | undefined {
  const failure = failures.find((one) => hasStatusOf(one, expected));
  if (!failure) return undefined;
  const what = `HTTP status ${failure.status}, as in production's logs`;
  const missing = expected.find(saysMore);
  if (!missing) return { match: 'same', reason: `${what}.`, failure };
  const reason = `${what}, but an equal status alone is no comparison: production's ${describe(missing)} does not show in the output.`;
  return { match: 'unknown', reason, doubt: reason, failure };
}

function hasStatusOf({ status }: FailureSignature, expected: readonly FailureSignature[]): boolean {
  return status !== undefined && expected.some((one) => one.status === status);
}

/** An exception. Lines without a type are often consequences, for example of a neighbour that restarts, which no test shows. */
function saysMore({ type, frames }: FailureSignature): boolean {
  return type !== undefined || frames.length > 0;
}

function findPlace(failures: readonly ReadFailure[], expected: readonly FailureSignature[]): MatchResult | undefined {
  for (const failure of failures) {
    const ours = findTellingFrame(failure.frames);
    if (!ours || isTestFile(ours.file)) continue;
    for (const wanted of expected) {
      const theirs = findTellingFrame(wanted.frames);
      if (!theirs || !isSameFile(ours.file, theirs.file) || hasOtherType(failure, wanted)) continue;
      if (ours.line !== theirs.line && (ours.symbol === undefined || ours.symbol !== theirs.symbol)) continue;
      return {
        match: 'same',
        reason: `It fails at ${ours.file}:${ours.line}, as production's ${describe(wanted)}.`,
        failure,
      };
    }
  }
  return undefined;
}

const hangs = /\btime(?:d[ -]?out|out)|deadline exceeded|\bhung\b|unresponsive|deadlock/i;
const exhausts = /out of memory|OutOfMemory|heap limit|MemoryError|\bOOM\b|cannot allocate memory|Killed process/i;

/** What a run that was ended from outside shares with production: no message, but how it ends. */
function findEnd({ end, expected = [] }: MatchInput): MatchResult | undefined {
  const pattern = end === 'timed-out' ? hangs : end === 'out-of-memory' ? exhausts : undefined;
  const found = pattern && expected.find(({ type = '', template }) => pattern.test(`${type} ${template}`));
  if (!found) return undefined;
  const how = end === 'timed-out' ? 'It hangs' : 'It runs out of memory';
  return { match: 'same', reason: `${how}, as production's ${describe(found)} says.` };
}

const loadErrors =
  /^(?:SyntaxError|IndentationError|TabError|compile error|(?:ERR_)?MODULE_NOT_FOUND|ModuleNotFoundError)$/;

/**
 * Another failure for certain: code that does not load or build, which production would not have survived silently; or a crash in
 * the service's own code where production crashes there too, with another type and no frame in common. A test that asserts on
 * production's status beside it is its consequence.
 */
function findOther(failures: readonly ReadFailure[], expected: readonly FailureSignature[]): MatchResult | undefined {
  const [wanted] = expected;
  const isConsequence = (one: ReadFailure) => isAssertion(one) && hasStatusOf(one, expected);
  const causes = failures.filter((one) => !isConsequence(one));
  const [first] = causes;
  if (!first || !wanted) return undefined;
  const isBroken = causes.every(
    ({ type = '', message }) => loadErrors.test(type) || /^Cannot find module/.test(message),
  );
  const isBehindAnswer = causes.length < failures.length;
  const isCrash = causes.every((failure) => isOtherCrash(failure, expected, isBehindAnswer));
  if (!isBroken && !isCrash) return undefined;
  const crash = expected.find(({ type }) => type !== undefined) ?? wanted;
  const reason = `In the sandbox it is ${describe(first)}; in production it is ${describe(crash)}.`;
  return { match: 'different', reason };
}

/**
 * A test may catch an error that the service would wrap, so another type in a file of production's trace is none for certain.
 * Behind an answer the service wrote the error itself, as it does in production: then only the very line is left in doubt.
 */
function isOtherCrash(failure: ReadFailure, expected: readonly FailureSignature[], isBehindAnswer: boolean): boolean {
  const place = findTellingFrame(failure.frames);
  if (!place || isTestFile(place.file) || isAssertion(failure)) return false;
  const crashes = expected.filter(({ type, frames }) => type !== undefined && frames[0]?.service === place.service);
  const touches = ({ frames }: FailureSignature) =>
    frames.some(({ file, line }) => isSameFile(file, place.file) && line === place.line);
  return (
    crashes.some(({ frames }) => frames.length > 0) &&
    crashes.every(
      (crash) =>
        !hasSameType(failure, crash) && (isBehindAnswer ? !touches(crash) : sharesFile(failure, crash) !== true),
    )
  );
}

function isAssertion({ type = '' }: FailureSignature): boolean {
  return /assert|expect|^test failure$|ComparisonFailure/i.test(type);
}

function explainUnknown({ end, failures, expected = [] }: MatchInput): MatchResult {
  const [first] = failures;
  const [wanted] = expected;
  const shown = first
    ? `the sandbox shows ${describe(first)}`
    : `the run ended (${end}) without an error that can be read`;
  const reason = wanted
    ? `It could not be compared with production's error: ${shown}, production ${describe(wanted)}, and neither names the other.`
    : `It could not be compared with production's error: ${shown}, and the logs of the incident hold no new error.`;
  return { match: 'unknown', reason, ...(expected.some(saysMore) ? { doubt: reason } : {}) };
}

function describe(signature: FailureSignature | ReadFailure): string {
  const text = describeSignature('message' in signature ? toKept(signature) : signature);
  return `\`${text.replaceAll('`', "'").slice(0, 240)}\``;
}
