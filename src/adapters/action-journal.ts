import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pid } from 'node:process';
import type { ActionType } from '../domain/plan/plan.ts';

/** What the journal keeps of an action that was allowed to begin. */
export interface JournalEntry {
  readonly actionId: string;
  readonly type: ActionType;
  readonly target: string;
  /** ISO time. */
  readonly at: string;
}

/**
 * The journal of actions on this machine: one folder per action id, named by its SHA-256. It outlives every process, and it
 * is what makes an action exactly-once, so its folder must not be shared between machines, nor emptied while incidents run.
 */
export interface ActionJournal {
  /** The folder of an id; it exists afterwards. */
  open(id: string): Promise<string>;
  /** Notes that an action was judged and may begin. Idempotent: the first entry stays. */
  begin(entry: JournalEntry): Promise<void>;
  find(actionId: string): Promise<JournalEntry | undefined>;
  /** Actions that began on a target since a time (ISO), without the one named. */
  countSince(target: string, since: string, exceptActionId?: string): Promise<number>;
}

const entryFile = 'action.json';

/** @param folder for example `.resident/actions`. */
export function createActionJournal(folder: string): ActionJournal {
  const folderOf = (id: string) => join(folder, createHash('sha256').update(id).digest('hex').slice(0, 40));

  const read = async (file: string): Promise<JournalEntry | undefined> => {
    try {
      return JSON.parse(await readFile(file, 'utf8')) as JournalEntry;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw new Error(`The journal entry ${file} cannot be read: ${String(error)}`, { cause: error });
    }
  };

  const open = async (id: string): Promise<string> => {
    await mkdir(folderOf(id), { recursive: true, mode: 0o700 });
    return folderOf(id);
  };

  return {
    open,
    async begin(entry) {
      const file = join(await open(entry.actionId), entryFile);
      if (await read(file)) return;
      const draft = `${file}.${pid}.${Math.random().toString(36).slice(2)}`;
      await writeFile(draft, JSON.stringify(entry), { mode: 0o600, flush: true });
      await rename(draft, file);
    },
    find: (actionId) => read(join(folderOf(actionId), entryFile)),
    async countSince(target, since, exceptActionId) {
      const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
        // No folder: nothing was ever done here. A folder that cannot be read must not look like that.
        if (error.code === 'ENOENT') return [];
        throw error;
      });
      const entries = await Promise.all(names.map((name) => read(join(folder, name, entryFile))));
      return entries.filter(
        (entry) => entry?.target === target && entry.at >= since && entry.actionId !== exceptActionId,
      ).length;
    },
  };
}
