import { open } from 'node:fs/promises';
import type { LogSource } from '../../domain/settings.ts';
import type { LogFile } from './find-files.ts';
import { createLineJoiner } from './join-lines.ts';
import { createParseLine } from './parse-line.ts';
import { readLines, readPackedLines, seekTime, type Budget } from './read-ranges.ts';
import type { RawLine } from './sample.ts';

export interface FileQuestion {
  readonly source: LogSource;
  readonly fromMs: number;
  readonly toMs: number;
  readonly incidentMs: number;
  readonly budget: Budget;
  readonly keep: (line: RawLine) => void;
}

/** Files below this are read in one go; larger ones are sought through, and the incident's stretch is read before the baseline's. */
const smallBytes = 4_000_000;
const dayMs = 86_400_000;

/** Reads what a file has of the incident. Returns the reading of its baseline, where that is left for later. */
export async function readLogFile(file: LogFile, question: FileQuestion): Promise<(() => Promise<void>) | undefined> {
  const { source, fromMs, toMs, incidentMs, budget, keep } = question;
  const join = (isFromStart: boolean) =>
    createLineJoiner({
      parse: createParseLine({ ...source, nearMs: toMs, isInOrder: true }),
      keep,
      isFromStart,
      untimedAt: file.changedAtMs,
      stopAfterMs: toMs,
    });
  if (file.path.endsWith('.gz')) {
    // There is no seeking in a packed file; a day allows for local times without a zone.
    if (file.changedAtMs >= fromMs - dayMs) await feed(readPackedLines(file.path, budget), join(true));
    return undefined;
  }
  const handle = await open(file.path, 'r');
  try {
    const { size } = await handle.stat();
    // Probes jump about in the file. Of two meanings the later one only makes it read more.
    const parse = createParseLine({ ...source, nearMs: toMs });
    const timeOf = (line: string) => parse(line).at;
    const start = size < smallBytes ? 0 : await seekTime(handle, size, fromMs, timeOf);
    const middle = size < smallBytes ? 0 : await seekTime(handle, size, incidentMs, timeOf);
    await feed(readLines(handle, middle, size, budget), join(middle === 0));
    return middle > start ? () => readStretch(file.path, start, middle) : undefined;
  } finally {
    await handle.close();
  }

  async function readStretch(path: string, start: number, end: number): Promise<void> {
    const again = await open(path, 'r');
    try {
      await feed(readLines(again, start, end, budget), join(start === 0));
    } finally {
      await again.close();
    }
  }
}

async function feed(
  chunks: AsyncGenerator<readonly string[]>,
  joiner: ReturnType<typeof createLineJoiner>,
): Promise<void> {
  for await (const lines of chunks) {
    for (const line of lines) joiner.push(line);
    if (joiner.isPast()) break;
  }
  joiner.end();
}
