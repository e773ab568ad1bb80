import path from 'node:path';
import { createDeployRecords } from '../../adapters/deploy-records.ts';
import { findLogFiles } from '../../adapters/log-files/find-files.ts';
import { asList, asMapping, isText } from '../../config/raw.ts';
import type { Path } from '../../config/faults.ts';
import { hasCode, messageOf } from '../errors.ts';
import type { World, WorldFindings } from './check-world.ts';
import { createFindings, type Findings, type NamedServices } from './look.ts';

/** Log patterns that match nothing, deploy records that cannot be read. */
export async function checkFiles(services: NamedServices, { folder }: World): Promise<WorldFindings> {
  const findings = createFindings();
  for (const [name, entry] of services) {
    const at: Path = ['services', name];
    for (const [index, log] of asList(entry['logs']).entries()) {
      const { files } = asMapping(log);
      if (isText(files)) await checkLogs(files, [...at, 'logs', index, 'files'], folder, findings);
    }
    const { file } = asMapping(entry['deploys']);
    if (isText(file)) await checkDeploys(file, name, [...at, 'deploys', 'file'], folder, findings);
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

async function checkDeploys(
  file: string,
  service: string,
  at: Path,
  folder: string,
  { fault, note }: Findings,
): Promise<void> {
  const absolute = path.resolve(folder, file);
  try {
    const { deploys, badLines } = await createDeployRecords().read(absolute, service);
    const [first] = badLines;
    if (first) note(at, `has ${badLines.length} lines that are no deploy record; line ${first.line} ${first.why}`);
    if (deploys.length === 0) note(at, `records no deploy of ${service}; "service" of each line must be that name`);
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    if (hasCode(cause, 'ENOENT')) note(at, `names ${absolute}, which does not exist yet`);
    else fault(at, `cannot be read: ${messageOf(cause ?? error)}`);
  }
}
