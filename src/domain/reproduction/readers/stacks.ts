import type { RawFrame } from '../frames.ts';
import { lookAhead, type RawFailure, type Reader } from './reader.ts';

const longestMessageLines = 4;
/** `TypeError: x`, `AssertionError [ERR_ASSERTION]: x`, `Exception in thread "main" a.b.CException: x`, `Caused by: …`, `[cause]: …`. */
const head =
  /^\s*(?:Exception in thread "[^"]{0,100}" |Caused by: |\[cause\]: |Uncaught |\[ERROR\] )?((?:[A-Za-z_$][\w$]*\.){0,12}(?:[A-Z][\w$]*)?(?:Error|Exception|Failure|Fault|Rejection))(?: \[(\w{1,60})\])?(?:: (.*))?$/;
/** A name of another kind counts where a stack stands right below it. */
const looseHead = /^\s*((?:[A-Za-z_$][\w$]*\.){0,12}[A-Z][\w$]*)(?: \[(\w{1,60})\])?: (.*)$/;
const frame = /^\s+at (.+?)(?: \{)?$/;
/** Node prints the place of an uncaught error above it, which is all that tells where a syntax error is. */
const placeAbove = /^(?:file:\/\/)?(\/\S{1,300}):(\d{1,7})$/;
const linesAbove = 5;
/** `✖ name (1.2ms)` of Node's spec reporter, `● suite › name` of Jest, `✕ name (3 ms)`. */
const failedTest = /^\s*[✖✕×●] (.+?)(?: \(\d[\d.]{0,12} ?m?s\))?$/u;

/** Stacks of JavaScript and of the JVM: the exception's own line, its message's other lines, then `at …` lines, innermost first. */
export const readStacks: Reader = (lines) => {
  const failures: RawFailure[] = [];
  let test: string | undefined;
  for (let at = 0; at < lines.length; at++) {
    const line = uncomment(lines[at] ?? '');
    const named = failedTest.exec(line);
    const found = readHead(lines, at);
    if (named) test = named[1];
    else if (line !== '' && !/^\s/.test(line) && !found) test = undefined;
    if (!found) continue;
    const { message, frames, end } = readBody(lines, at, found.message);
    failures.push({ type: found.type, message, frames, at, ...(test === undefined ? {} : { test }) });
    at = Math.max(at, end - 1);
  }
  return failures;
};

function readHead(
  lines: readonly string[],
  at: number,
): { readonly type: string; readonly message: string } | undefined {
  const line = uncomment(lines[at] ?? '');
  const isAboveStack = frame.test(uncomment(lines[at + 1] ?? ''));
  const [, name, code, message = ''] = head.exec(line) ?? (isAboveStack ? looseHead.exec(line) : undefined) ?? [];
  if (name === undefined) return undefined;
  return { type: name === 'Error' && code !== undefined && code !== 'Error' ? code : name, message };
}

function readBody(lines: readonly string[], at: number, first: string) {
  const message = [first];
  const frames: RawFrame[] = [];
  let hasStack = false;
  let end = at + 1;
  for (; end < Math.min(lines.length, at + lookAhead); end++) {
    const line = uncomment(lines[end] ?? '');
    const [, text] = frame.exec(line) ?? [];
    if (text !== undefined) {
      hasStack = true;
      frames.push(...parseFrame(text));
      continue;
    }
    if (hasStack || head.test(line) || failedTest.test(line)) break;
    if (line.trim() !== '' && message.length < longestMessageLines) message.push(line.trim());
  }
  // Without a stack the lines below belong to somebody else.
  if (!hasStack) return { message: first, frames, end: at + 1 };
  if (frames.every(({ file }) => file.startsWith('node:'))) frames.unshift(...readPlaceAbove(lines, at));
  return { message: message.filter((part) => part !== '').join(' '), frames, end };
}

function readPlaceAbove(lines: readonly string[], at: number): readonly RawFrame[] {
  return lines.slice(Math.max(0, at - linesAbove), at).flatMap((line) => {
    const [, file, row] = placeAbove.exec(uncomment(line)) ?? [];
    return file === undefined ? [] : [{ file, line: Number(row) }];
  });
}

/** Node's TAP reporter puts what a test file wrote itself behind `# `. */
function uncomment(line: string): string {
  return line.startsWith('# ') ? line.slice(2) : line;
}

function parseFrame(text: string): readonly RawFrame[] {
  const [, method, source = ''] = /^(?:[\w.$@-]+\/{1,2})*([\w.$<>]+)\(([^()]{1,200})\)$/.exec(text) ?? [];
  if (method !== undefined && /^[\w$]+\.(?:java|kt|scala|groovy):\d+$/.test(source))
    return [parseJvmFrame(method, source)];
  const [, symbol, inside] = /^(?:async )?(.*?) ?\(([^()]{1,300})\)$/.exec(text) ?? [];
  const place = inside ?? text.replace(/^async /, '');
  const [, file, line] = /^(.{1,300}?):(\d{1,7})(?::\d{1,7})?$/.exec(place) ?? [];
  return file === undefined ? [] : [{ file, line: Number(line), ...(symbol ? { symbol } : {}) }];
}

/** A JVM frame names the file without its folder, which is the package of the class. */
function parseJvmFrame(method: string, source: string): RawFrame {
  const [name = '', line = ''] = source.split(':');
  const folder = method.split('.').slice(0, -2).join('/');
  return { file: folder === '' ? name : `${folder}/${name}`, line: Number(line), symbol: method };
}
