import type { RawFrame } from '../frames.ts';
import { lookAhead, type RawFailure, type Reader } from './reader.ts';

const goTest = /^\s*--- FAIL: (\S{1,200}) \(/;
const goMessage = /^\s+(\S{1,200}\.go):(\d{1,7}): (.*)$/;
const goPanic = /^(panic|fatal error): (.*?)(?: \[recovered.*\])?$/;
const goFrame = /^\t(\S{1,300}\.go):(\d{1,7})(?: \+0x[0-9a-f]+)?$/;

/** Go: `--- FAIL: TestX` with its `x_test.go:3: …` lines, and panics with a goroutine's frames, a symbol above each. */
export const readGo: Reader = (lines) => {
  const failures: RawFailure[] = [];
  let test: string | undefined;
  for (const [at, line] of lines.entries()) {
    const named = goTest.exec(line)?.[1];
    if (named !== undefined) test = named;
    else if (/^(?:=== RUN|--- PASS|ok\s|FAIL\s|PASS$)/.test(line)) test = undefined;
    const labels = test === undefined ? {} : { test };
    const [, kind, panic] = goPanic.exec(line) ?? [];
    if (kind !== undefined && panic !== undefined && isGoPanic(lines, at)) {
      failures.push({ type: kind, message: panic, frames: readGoroutine(lines, at), at, ...labels });
      continue;
    }
    const [, file, row, message] = goMessage.exec(line) ?? [];
    if (file === undefined || message === undefined || test === undefined) continue;
    failures.push({ type: 'test failure', message, frames: [{ file, line: Number(row) }], at, ...labels });
  }
  return failures;
};

function isGoPanic(lines: readonly string[], at: number): boolean {
  return lines.slice(at + 1, at + 8).some((line) => line.startsWith('goroutine ') || line.startsWith('[signal '));
}

function readGoroutine(lines: readonly string[], start: number): readonly RawFrame[] {
  const frames: RawFrame[] = [];
  const rest = lines.slice(start + 1, start + lookAhead);
  let goroutines = 0;
  for (const [index, line] of rest.entries()) {
    if (line.startsWith('goroutine ') && (goroutines += 1) > 1) break;
    const [, file, row] = goFrame.exec(line) ?? [];
    if (file === undefined) continue;
    const symbol = /^(?:created by )?([^\s(]{1,200}(?:\(\*?\w+\)[^\s(]{0,100})?)/.exec(rest[index - 1] ?? '')?.[1];
    frames.push({ file, line: Number(row), ...(symbol ? { symbol } : {}) });
  }
  return frames;
}

const cAssert =
  /^(?:[^:\s]{1,200}: )?([^:\s]{1,300}):(\d{1,7}): (?:([^:].{0,200}?): )?Assertion [`'‘](.{1,300})[`'’] failed\.?$/u;
const sanitizer = /^==\d+==\s?ERROR: (\w+Sanitizer): (.*)$/;
const undefinedBehaviour = /^([^:\s]{1,300}):(\d{1,7}):\d{1,7}: runtime error: (.*)$/;
const nativeFrame = /^\s*#\d+ 0x[0-9a-f]+ in (.{1,200}?) ([^\s()]{1,300}):(\d{1,7})(?::\d{1,7})?$/;
const terminated = /^terminate called after throwing an instance of '([^']{1,200})'/;
const compileError = /^([^:\s]{1,300}\.(?:c|cc|cpp|cxx|h|hpp|go)):(\d{1,7}):\d{1,7}: (?:fatal )?(?:error: )?(.*)$/;

/** C and C++: failed assertions, sanitizers, uncaught exceptions. */
export const readNative: Reader = (lines) => {
  const failures: RawFailure[] = [];
  for (const [at, line] of lines.entries()) {
    const [, file, row, symbol, asserted] = cAssert.exec(line) ?? [];
    if (file !== undefined && asserted !== undefined) {
      const frames = [{ file, line: Number(row), ...(symbol ? { symbol } : {}) }];
      failures.push({ type: 'assert', message: `Assertion ${asserted} failed`, frames, at });
    }
    const [, tool, found] = sanitizer.exec(line) ?? [];
    if (tool !== undefined && found !== undefined) {
      failures.push({ type: tool, message: found.replace(/ on .*$/, ''), frames: readNativeFrames(lines, at), at });
    }
    const [, place, where, behaviour] = undefinedBehaviour.exec(line) ?? [];
    if (place !== undefined && behaviour !== undefined) {
      failures.push({
        type: 'UndefinedBehaviour',
        message: behaviour,
        frames: [{ file: place, line: Number(where) }],
        at,
      });
    }
    const type = terminated.exec(line)?.[1];
    if (type !== undefined) {
      failures.push({ type, message: /^\s*what\(\):\s+(.*)$/.exec(lines[at + 1] ?? '')?.[1] ?? '', frames: [], at });
    }
  }
  return failures;
};

function readNativeFrames(lines: readonly string[], start: number): readonly RawFrame[] {
  const frames: RawFrame[] = [];
  for (const line of lines.slice(start + 1, start + lookAhead)) {
    if (line.trim() === '' && frames.length > 0) break;
    const [, symbol, file, row] = nativeFrame.exec(line) ?? [];
    if (file !== undefined && symbol !== undefined) frames.push({ file, line: Number(row), symbol });
  }
  return frames;
}

/** Code that does not compile: `[build failed]` of Go, `error:` of a C compiler. */
export const readCompilers: Reader = (lines) => {
  const isGo = lines.some((line) => /\[(?:build|setup) failed\]$/.test(line));
  return lines.flatMap((line, at) => {
    const [, file, row, message] = compileError.exec(line) ?? [];
    if (file === undefined || message === undefined || !(isGo || / error: /.test(line))) return [];
    return [{ type: 'compile error', message, frames: [{ file, line: Number(row) }], at }];
  });
};
