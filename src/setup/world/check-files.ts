import path from 'node:path';
import { createDeployRecords } from '../../adapters/deploy-records.ts';
import { createEventRecords } from '../../adapters/event-records.ts';
import { createFlagRecords } from '../../adapters/flag-records.ts';
import { findLogFiles } from '../../adapters/log-files/find-files.ts';
import type { RecordLines } from '../../adapters/record-lines.ts';
import { asList, asMapping, isText } from '../../config/raw.ts';
import type { Path } from '../../config/faults.ts';
import { countOf } from '../../domain/text.ts';
import { hasCode, messageOf } from '../errors.ts';
import type { World, WorldFindings } from './check-world.ts';
import { createFindings, type Findings, type NamedServices } from './look.ts';

/** Log patterns that match nothing, files of records that cannot be read. */
export async function checkFiles(services: NamedServices, { folder }: World): Promise<WorldFindings> {
  const findings = createFindings();
  for (const [name, entry] of services) {
    const at: Path = ['services', name];
    for (const [index, log] of asList(entry['logs']).entries()) {
      const { files } = asMapping(log);
      if (isText(files)) await checkLogs(files, [...at, 'logs', index, 'files'], folder, findings);
    }
    for (const { key, what, read } of recordFiles) {
      const { file } = asMapping(entry[key]);
      if (isText(file)) await checkRecords({ file, what, read }, name, [...at, key, 'file'], folder, findings);
    }
  }
  return findings;
}

async function checkLogs(pattern: string, at: Path, folder: string, { fault, note }: Findings): Promise<void> {
  try {
    const { files, unreadable } = await findLogFiles([path.resolve(folder, pattern)]);
    if (files.length > 0) return;
    if (unreadable.length > 0) note(at, `matches only packed files that are not read, such as ${unreadable[0]}`);
    else
      note(
        at,
        `matches no file now (${path.resolve(folder, pattern)}); is the path right, from the folder of this file?`,
      );
  } catch (error) {
    fault(at, `cannot be listed: ${messageOf(error)}`);
  }
}

interface RecordFile {
  readonly file: string;
  /** What one record is called. */
  readonly what: string;
  readonly read: (file: string, service: string) => Promise<Omit<RecordLines<unknown>, 'others'>>;
}

const recordFiles: readonly (Omit<RecordFile, 'file'> & { readonly key: string })[] = [
  {
    key: 'deploys',
    what: 'deploy',
    read: async (file, service) => {
      const { deploys, badLines } = await createDeployRecords().read(file, service);
      return { records: deploys, badLines };
    },
  },
  { key: 'flags', what: 'flag', read: (file, service) => createFlagRecords().read(file, service) },
  { key: 'events', what: 'event', read: (file, service) => createEventRecords().read(file, service) },
];

async function checkRecords(
  { file, what, read }: RecordFile,
  service: string,
  at: Path,
  folder: string,
  { fault, note }: Findings,
): Promise<void> {
  const absolute = path.resolve(folder, file);
  try {
    const { records, badLines } = await read(absolute, service);
    const [first] = badLines;
    if (first)
      note(
        at,
        `has ${countOf(badLines.length, 'line')} without a ${what} record that can be read; line ${first.line} ${first.why}`,
      );
    // Of lines that cannot be read nobody knows which service they name.
    else if (records.length === 0)
      note(at, `records no ${what} of ${service}; "service" of each line must be that name`);
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    if (hasCode(cause, 'ENOENT')) note(at, `names ${absolute}, which does not exist yet`);
    else fault(at, `cannot be read: ${messageOf(cause ?? error)}`);
  }
}
