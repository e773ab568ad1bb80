import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { writeDurably } from './answer-journal.ts';

/** Reports as files that people can read, send and keep. */
export interface ReportStore {
  /** Writes the whole file or none of it; the same name is replaced. Returns the file's path. */
  write(name: string, text: string): Promise<string>;
}

export function createReportStore(options: { folder: string }): ReportStore {
  return {
    async write(name, text) {
      if (path.basename(name) !== name || !name.endsWith('.md'))
        throw new TypeError(`"${name}" is no name for a report.`);
      await mkdir(options.folder, { recursive: true });
      const file = path.join(options.folder, name);
      await writeDurably(file, text, 0o644);
      return file;
    },
  };
}
