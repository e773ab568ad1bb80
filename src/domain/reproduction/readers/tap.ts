import type { RawFrame } from '../frames.ts';
import { lookAhead, type RawFailure, type Reader } from './reader.ts';

/** Node gives 40 lines of block at most for a deep comparison, and a stack. */
const longestBlock = 3 * lookAhead;
const longestStack = 30;
/** More failed tests than this are not told apart. */
const mostFailures = 200;
const notOk = /^\s*not ok \d+ - (.*)$/;

/** Node's TAP reporter: `not ok 1 - name`, then a YAML block with `error`, `name`, `failureType` and a `stack` without `at`. */
export const readTap: Reader = (lines) => {
  const failures: RawFailure[] = [];
  for (const [at, line] of lines.entries()) {
    const [, title] = notOk.exec(line) ?? [];
    if (failures.length >= mostFailures) break;
    if (title === undefined || / # (?:SKIP|TODO)\b/i.test(title)) continue;
    const block = readBlock(lines, at + 1);
    const isSummary =
      block.failureType === 'subtestsFailed' || (block.error === 'test failed' && block.frames.length === 0);
    if (isSummary) continue;
    failures.push({
      message: block.error,
      frames: block.frames,
      test: title,
      at,
      ...(block.name === undefined ? {} : { type: block.name }),
    });
  }
  return failures;
};

function readBlock(lines: readonly string[], start: number) {
  const values: Record<string, string[]> = {};
  let key = '';
  const [, indent = ''] = /^(\s*)---/.exec(lines[start] ?? '') ?? [];
  if (/^\s*---$/.test(lines[start] ?? '')) {
    for (const line of lines.slice(start + 1, start + longestBlock)) {
      if (line.trim() === '...') break;
      const [, name, value = ''] = /^([A-Za-z]\w*): ?(.*)$/.exec(line.slice(indent.length)) ?? [];
      if (name !== undefined && line.startsWith(indent)) values[(key = name)] = [value];
      else values[key]?.push(line.trim());
    }
  }
  const text = (name: string) => values[name]?.filter((line) => line !== '' && !/^[|>][-+]?$/.test(line)) ?? [];
  return {
    error: unquote(text('error').slice(0, 4).join(' ')),
    name: text('name').map(unquote)[0],
    failureType: text('failureType').map(unquote)[0],
    frames: text('stack').slice(0, longestStack).flatMap(parseFrame),
  };
}

function parseFrame(line: string): readonly RawFrame[] {
  const [, symbol, file, row] = /^(?:async )?(?:(.*) )?\(?([^()\s]{1,300}?):(\d{1,7}):\d{1,7}\)?$/.exec(line) ?? [];
  return file === undefined ? [] : [{ file, line: Number(row), ...(symbol ? { symbol } : {}) }];
}

function unquote(text: string): string {
  return /^'.*'$/.test(text)
    ? text.slice(1, -1).replaceAll("''", "'")
    : text.replace(/^"(.*)"$/, '$1').replaceAll('\\"', '"');
}
