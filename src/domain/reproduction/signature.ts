import type { FailureSignature } from './reproduction.ts';
import { keepOwnFrames, type Place } from './frames.ts';
import { readCompilers, readGo, readNative } from './readers/native.ts';
import { readPytest, readTracebacks } from './readers/python.ts';
import type { RawFailure, Reader } from './readers/reader.ts';
import { readStacks } from './readers/stacks.ts';
import { readTap } from './readers/tap.ts';
import { readStatus, toTemplate } from './templates.ts';
import { toOneLine } from '../text.ts';

const readers: readonly Reader[] = [readTap, readStacks, readTracebacks, readPytest, readGo, readNative, readCompilers];

const longestLine = 500;
/** From both ends of an output: a runner's summary stands last, a crash of the start first. */
const mostLines = { head: 2_000, tail: 4_000 } as const;
const mostFailures = 12;
const longestTest = 120;
const longestType = 100;
const longestPrinted = 160;

/** A failure with its message as printed: the template hides the names that tell what is missing. */
export interface ReadFailure extends FailureSignature {
  readonly message: string;
}

/** What is kept of a failure. */
export function toKept({ message: _printed, ...signature }: ReadFailure): FailureSignature {
  return signature;
}

/** What is kept of a failure that people are shown. */
export function toShown(failure: ReadFailure): FailureSignature {
  const printed = toOneLine(failure.message, longestPrinted);
  return { ...toKept(failure), ...(printed === '' ? {} : { printed }) };
}

/** Lines of a text, short and few enough to be searched by every reader whatever wrote them. */
export function toLines(text: string): readonly string[] {
  const lines = text.split('\n').map((line) => line.slice(0, longestLine));
  const { head, tail } = mostLines;
  return lines.length <= head + tail ? lines : [...lines.slice(0, head), ...lines.slice(-tail)];
}

/**
 * The failures that a text tells of, in its order and each once: exceptions with their stacks, failed assertions, panics, sanitizer
 * reports, of Node, Python, the JVM, Go, C and C++. At most twelve; those with a stack or a test before bare ones.
 */
export function readFailures(lines: readonly string[], place?: Place): readonly ReadFailure[] {
  const raw = readers
    .flatMap((read) => read(lines))
    .filter(({ message }) => !wrapping.test(message))
    .sort((one, other) => one.at - other.at);
  const known = new Map<string, ReadFailure>();
  for (const { message, ...failure } of raw) {
    const signature = toSignature({ message, ...failure }, place);
    const { type, template, frames, test } = signature;
    const key = [type, template, frames[0]?.file, frames[0]?.line].join('\0');
    const before = known.get(key);
    // Two tests may fail alike, but a summary that repeats a failure often leaves out its name.
    if (!before) known.set(key, { ...signature, message });
    else if (before.test === undefined && test !== undefined) known.set(key, { ...before, test });
    else if (test !== undefined && test !== before.test) known.set(`${key}\0${test}`, { ...signature, message });
  }
  const all = [...known.values()];
  const distinct = all.filter((one) => one.frames.length > 0 || !all.some((other) => isBareCopy(one, other)));
  const isTelling = ({ frames, test }: FailureSignature) => frames.length > 0 || test !== undefined;
  return [...distinct.filter(isTelling), ...distinct.filter((one) => !isTelling(one))].slice(0, mostFailures);
}

/** What unittest puts around the error that kept a test file from loading; the error itself stands below it. */
const wrapping = /^Failed to import test module: /;

/** Python's exception line, for one, is found with its trace and by itself. */
function isBareCopy({ type, template }: FailureSignature, other: FailureSignature): boolean {
  return other.frames.length > 0 && other.type === type && other.template === template;
}

function toSignature({ type, message, frames, test }: RawFailure, place?: Place): FailureSignature {
  const status = readStatus(message);
  return {
    ...(type === undefined ? {} : { type: type.slice(0, longestType) }),
    template: toTemplate(message),
    frames: keepOwnFrames(frames, place),
    ...(test === undefined ? {} : { test: test.slice(0, longestTest) }),
    ...(status === undefined ? {} : { status }),
  };
}

/** The failure in a few words, for people: `TypeError: … in the test "it totals" at src/total.js:3`. */
export function describeSignature({ type, template, printed = template, frames, test }: FailureSignature): string {
  const [frame] = frames;
  const what = [type, printed].filter((part) => part !== undefined && part !== '').join(': ');
  const where = frame ? ` at ${frame.file}${frame.line === undefined ? '' : `:${frame.line}`}` : '';
  return `${what || 'a failure without a message'}${test === undefined ? '' : ` in the test "${test}"`}${where}`;
}
