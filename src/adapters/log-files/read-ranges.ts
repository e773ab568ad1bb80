import { createReadStream } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { disorderMs } from './parse-line.ts';

/** What reading may still cost; shared by all files of one question. */
export interface Budget {
  bytesLeft: number;
  readonly deadlineMs: number;
}

export function isSpent(budget: Budget): boolean {
  return budget.bytesLeft <= 0 || Date.now() > budget.deadlineMs;
}

const chunkBytes = 256 * 1024;
/** The rest of a longer line is passed over. */
const maxLineBytes = 64 * 1024;

/** Lines from `start` to `end` (bytes), a chunk at a time. A file that shrinks while it is read simply ends. */
export async function* readLines(
  handle: FileHandle,
  start: number,
  end: number,
  budget: Budget,
): AsyncGenerator<readonly string[]> {
  yield* splitLines(readChunks(handle, start, end), budget);
}

/** Lines of a packed file; there is no seeking in it. */
export async function* readPackedLines(file: string, budget: Budget): AsyncGenerator<readonly string[]> {
  const source = createReadStream(file);
  const unpacked = createGunzip();
  source.on('error', (error) => unpacked.destroy(error));
  source.pipe(unpacked);
  try {
    yield* splitLines(unpacked as AsyncIterable<Buffer>, budget);
  } finally {
    source.destroy();
    unpacked.destroy();
  }
}

async function* readChunks(handle: FileHandle, start: number, end: number): AsyncGenerator<Buffer> {
  let position = start;
  while (position < end) {
    const buffer = Buffer.alloc(Math.min(chunkBytes, end - position));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function* splitLines(chunks: AsyncIterable<Buffer>, budget: Budget): AsyncGenerator<readonly string[]> {
  let rest: Buffer = Buffer.alloc(0);
  let isSkipping = false;
  for await (const chunk of chunks) {
    if (isSpent(budget)) return;
    budget.bytesLeft -= chunk.length;
    let data: Buffer = chunk;
    if (isSkipping) {
      const next = data.indexOf(10);
      if (next === -1) continue;
      data = data.subarray(next + 1);
      isSkipping = false;
    } else if (rest.length > 0) data = Buffer.concat([rest, data]);
    const last = data.lastIndexOf(10);
    rest = data.subarray(last + 1);
    const lines = last === -1 ? [] : data.toString('utf8', 0, last).split('\n').map(cutLine);
    if (rest.length > maxLineBytes) {
      lines.push(rest.toString('utf8', 0, maxLineBytes));
      rest = Buffer.alloc(0);
      isSkipping = true;
    }
    yield lines;
  }
  if (rest.length > 0) yield [rest.toString('utf8')];
}

function cutLine(line: string): string {
  return line.length > maxLineBytes ? line.slice(0, maxLineBytes) : line;
}

const probeBytes = 64 * 1024;
/** Below this a linear read is cheaper than more probing. */
const closeEnough = 512 * 1024;

/**
 * Byte offset of a line start before which no line is as young as `timeMs`, by halving: a file in which time goes forward is
 * not read up to there. Where no time is found in a probe, the earlier half is kept, so nothing is lost.
 */
export async function seekTime(
  handle: FileHandle,
  size: number,
  timeMs: number,
  timeOf: (line: string) => number | undefined,
): Promise<number> {
  let low = 0;
  let high = size;
  while (high - low > closeEnough) {
    const middle = low + Math.floor((high - low) / 2);
    const buffer = Buffer.alloc(Math.min(probeBytes, size - middle));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, middle);
    const first = buffer.indexOf(10);
    const lines =
      first === -1
        ? []
        : buffer
            .toString('utf8', first + 1, bytesRead)
            .split('\n')
            .slice(0, -1);
    const time = lines.map(timeOf).find((found) => found !== undefined);
    if (time !== undefined && time < timeMs - disorderMs) low = middle + first + 1;
    else high = middle;
  }
  return low;
}
