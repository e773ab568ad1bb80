import type { RawFrame } from '../frames.ts';
import type { RawFailure, Reader } from './reader.ts';

const traceback = /^\s*(?:\| )?Traceback \(most recent call last\):$/;
const fileLine = /^\s*(?:\| )?File "([^"]{1,300})", line (\d{1,7})(?:, in (.{1,200}))?$/;
const exception = /^((?:\w+\.){0,12}[A-Za-z_]\w*)(?:: (.*))?$/;
/** `FAIL: test_work (test_app.T.test_work)` of unittest, over the trace of the test. */
const unittestHead = /^(?:FAIL|ERROR): (\S.*)$/;

/** Python's traces, innermost frame last; unittest names the test above them. */
export const readTracebacks: Reader = (lines) => {
  const failures: RawFailure[] = [];
  let test: string | undefined;
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? '';
    test = unittestHead.exec(line)?.[1] ?? (/^(?:Ran \d|={20})/.test(line) ? undefined : test);
    const isBare = fileLine.test(line) && !traceback.test(lines[at - 1] ?? '');
    if (!traceback.test(line) && !isBare) continue;
    const { type, message, frames, end } = readTrace(lines, isBare ? at - 1 : at);
    if (type !== undefined) failures.push({ type, message, frames, at, ...(test === undefined ? {} : { test }) });
    at = end;
  }
  return failures;
};

/** From the line above the first frame to the exception: the first line that is as far to the left. Each line is read once. */
function readTrace(lines: readonly string[], start: number) {
  const frames: RawFrame[] = [];
  const outdent = /^\s*/.exec(lines[start + 1] ?? '')?.[0].length ?? 0;
  for (let at = start + 1; at < lines.length; at++) {
    const line = lines[at] ?? '';
    const [, file, row, symbol] = fileLine.exec(line) ?? [];
    if (file !== undefined) {
      frames.push({ file, line: Number(row), ...(symbol ? { symbol } : {}) });
      continue;
    }
    if (line.trim() === '' || /^\s*/.exec(line)![0].length >= Math.max(1, outdent)) continue;
    const [, type, message = ''] = exception.exec(line.trim()) ?? [];
    return { type, message, frames: frames.reverse(), end: at };
  }
  return { type: undefined, message: '', frames, end: lines.length };
}

const section = /^_{3,} (.{1,200}) _{3,}$/;
const sectionEnd = /^={3,} .* ={3,}$/;
const raised = /^E\s{2,}((?:\w+\.){0,12}\w*(?:Error|Exception|Exit|Interrupt|Iteration|Warning|Failed))(?:: (.*))?$/;
const asserted = /^E\s{2,}(assert .*)$/;
const location = /^(\S{1,300}\.py):(\d{1,7}): ?(?:in (.{1,200})|(\w[\w.]*))?$/;
const chained = /^(?:The above exception was the direct cause|During handling of the above exception)/;

/** pytest's own form: a section for each test, `file.py:12: …` for each frame, `E` before what was raised. */
export const readPytest: Reader = (lines) => {
  const failures: RawFailure[] = [];
  let open: { test: string; at: number; frames: RawFrame[]; type?: string; message?: string } | undefined;
  const flush = (next?: string, at = 0) => {
    if (open?.message !== undefined) {
      const { test, type = 'AssertionError', message, frames } = open;
      failures.push({ type, message, frames, test, at: open.at });
    }
    open = next === undefined ? undefined : { test: next, at, frames: [] };
  };
  for (const [at, line] of lines.entries()) {
    const [, title] = section.exec(line) ?? [];
    if (title !== undefined) flush(title, at);
    else if (!open) continue;
    else if (sectionEnd.test(line)) flush();
    else if (chained.test(line)) flush(open.test, at);
    const [, file, row, symbol] = location.exec(line) ?? [];
    if (!open) continue;
    if (file !== undefined) open.frames.unshift({ file, line: Number(row), ...(symbol ? { symbol } : {}) });
    if (open.message !== undefined) continue;
    const [, type, message = ''] = raised.exec(line) ?? [];
    const [, assertion] = asserted.exec(line) ?? [];
    if (type !== undefined) Object.assign(open, { type, message });
    else if (assertion !== undefined) open.message = assertion;
  }
  flush();
  return failures;
};
