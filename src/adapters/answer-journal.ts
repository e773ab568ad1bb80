import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { OutsideError } from './outside-error.ts';

/**
 * Keeps each paid answer until its incident has recorded it, so that a worker that dies between the answer and its
 * recording does not pay again. Answers hold what the model said, never a key or a header.
 */
export interface AnswerJournal {
  /** @throws OutsideError `AnswerJournal.Unreadable` when the file is there and is not JSON. */
  read(key: string): Promise<unknown>;
  /** Returns when the answer is on the disk for good. */
  write(key: string, answer: unknown): Promise<void>;
}

/** @param options.folder created when missing. Keys are SHA-256 in hex. */
export function createAnswerJournal(options: { folder: string }): AnswerJournal {
  const fileOf = (key: string) => {
    if (!/^[0-9a-f]{64}$/u.test(key))
      throw new TypeError(`A key of the answer journal is 64 hex digits, not "${key}".`);
    return path.join(options.folder, `${key}.json`);
  };
  return {
    async read(key) {
      const file = fileOf(key);
      const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw error;
      });
      if (text === undefined) return undefined;
      try {
        return JSON.parse(text) as unknown;
      } catch (cause) {
        throw new OutsideError(
          `The kept answer ${file} is not JSON (${String(cause)}). Delete it to let the model be asked, and paid, again.`,
          { system: 'AnswerJournal', kind: 'Unreadable', retryable: false },
          { cause },
        );
      }
    },
    async write(key, answer) {
      const file = fileOf(key);
      await mkdir(options.folder, { recursive: true, mode: 0o700 });
      await writeDurably(file, JSON.stringify(answer));
    },
  };
}

/** Temporary file, fsync, rename, fsync of the folder: after a crash there is the whole file or none. */
export async function writeDurably(file: string, text: string, mode = 0o600): Promise<void> {
  const temporary = `${file}.${randomUUID()}.tmp`;
  const handle = await open(temporary, 'w', mode);
  try {
    await handle.writeFile(text, 'utf8');
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file).catch(async (error: unknown) => {
    await rm(temporary, { force: true });
    throw error;
  });
  const folder = await open(path.dirname(file), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
