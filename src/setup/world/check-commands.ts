import { stat } from 'node:fs/promises';
import path from 'node:path';
import { isRemote } from '../../adapters/git/locate.ts';
import { listActionCommands } from '../../config/check-references.ts';
import type { Path } from '../../config/faults.ts';
import { asList, asMapping, isText, type Mapping } from '../../config/raw.ts';
import { findOnPath, isExecutable } from '../find-on-path.ts';
import type { World, WorldFindings } from './check-world.ts';
import { createFindings, type Findings, type NamedServices } from './look.ts';

/**
 * Programs that commands name. Those under `actions` run here, so a missing one is a fault. Those of the sandbox run in the
 * folder of a repository at some revision, so a missing file is a note; a program on the image's PATH cannot be seen from here.
 */
export async function checkCommands(services: NamedServices, { folder, env }: World): Promise<WorldFindings> {
  const findings = createFindings();
  for (const [name, entry] of services) {
    for (const { path: at, argv } of listActionCommands(['services', name], asMapping(entry['actions']))) {
      await checkAction(argv, at, folder, env, findings);
    }
    await checkSandbox(name, entry, folder, findings);
  }
  return findings;
}

async function checkAction(
  argv: readonly unknown[],
  at: Path,
  folder: string,
  env: World['env'],
  { fault, note }: Findings,
): Promise<void> {
  const [program, ...rest] = argv;
  if (!isText(program) || program === '') return;
  const beside = path.resolve(folder, program);
  if (program.includes('/')) {
    if (!(await exists(beside)))
      fault([...at, 0], `names ${beside}, which does not exist; correct the path, or write it`);
    else if (!(await isExecutable(beside))) fault([...at, 0], `names ${beside}, which cannot be run; chmod +x it`);
  } else if (!(await findOnPath([program], env, []))) {
    const advice = (await exists(beside))
      ? `write ./${program} for the one beside this file`
      : 'install it, or write its path';
    fault([...at, 0], `names ${program}, which is not on the PATH; ${advice}`);
  }
  for (const [index, part] of rest.entries()) {
    if (!isText(part) || !/^\.{1,2}\/[^{}]+$/.test(part) || (await exists(path.resolve(folder, part)))) continue;
    note(
      [...at, index + 1],
      `names ${path.resolve(folder, part)}, which does not exist; commands run in the folder of this file`,
    );
  }
}

async function checkSandbox(name: string, entry: Mapping, folder: string, { note }: Findings): Promise<void> {
  const { source } = entry;
  const sandbox = asMapping(entry['sandbox']);
  if (!isText(source) || isRemote(source)) return;
  const commands = [
    { key: ['test'], argv: asList(sandbox['test']) },
    { key: ['reproduce'], argv: asList(sandbox['reproduce']) },
    ...asList(sandbox['setup']).map((argv, index) => ({ key: ['setup', index], argv: asList(argv) })),
  ];
  for (const { key, argv } of commands) {
    const [program] = argv;
    if (!isText(program) || !program.includes('/') || path.isAbsolute(program)) continue;
    if (await exists(path.resolve(folder, source, program))) continue;
    const at = ['services', name, 'sandbox', ...key, 0];
    note(at, `names ${program}, which is not in ${source} now; it must be there at the revisions that are tried`);
  }
}

async function exists(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined)) !== undefined;
}
