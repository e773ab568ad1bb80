import { stat } from 'node:fs/promises';
import path from 'node:path';
import { isRemote } from '../../adapters/git/locate.ts';
import { runGit } from '../../adapters/git/run-git.ts';
import type { Path } from '../../config/faults.ts';
import { asMapping, isText } from '../../config/raw.ts';
import { messageOf } from '../errors.ts';
import { findOnPath } from '../find-on-path.ts';
import type { World, WorldFindings } from './check-world.ts';
import { createFindings, lookMs, type Findings, type NamedServices } from './look.ts';

/** Sources and configuration repositories: Git repositories with commits. */
export async function checkRepositories(services: NamedServices, { folder, env }: World): Promise<WorldFindings> {
  const findings = createFindings();
  // Without Git no repository can be judged, and `resident doctor` tells of it.
  if (!(await findOnPath(['git'], env))) return findings;
  const named = services.flatMap(([name, entry]) => {
    const { repository } = asMapping(asMapping(entry['actions'])['config.rollback']);
    return [
      { at: ['services', name, 'source'], where: entry['source'] },
      { at: ['services', name, 'actions', 'config.rollback', 'repository'], where: repository },
    ];
  });
  await Promise.all(
    named.map(async ({ at, where }) => {
      if (!isText(where) || where === '') return;
      if (isRemote(where)) await checkRemote(where, at, folder, findings);
      else await checkLocal(path.resolve(folder, where), at, findings);
    }),
  );
  return findings;
}

async function checkRemote(url: string, at: Path, folder: string, { note }: Findings): Promise<void> {
  try {
    await runGit({ folder, args: ['ls-remote', '--exit-code', '--', url, 'HEAD'], timeoutMs: lookMs });
  } catch (error) {
    note(at, `cannot be reached from here now: ${messageOf(error)}`);
  }
}

async function checkLocal(source: string, at: Path, { fault }: Findings): Promise<void> {
  const found = await stat(source).catch(() => undefined);
  if (!found) return fault(at, `names ${source}, which does not exist; clone it there, or correct the path`);
  if (!found.isDirectory()) return fault(at, `names ${source}, which is no folder; name the folder of the repository`);
  const ask = async (...args: readonly string[]) =>
    (await runGit({ folder: source, args, timeoutMs: lookMs })).output.toString('utf8').trim();
  try {
    await ask('rev-parse', '--git-dir');
  } catch (error) {
    const why = messageOf(error);
    const isNone = /not a git repository/i.test(why);
    return fault(
      at,
      isNone ? `${source} is not a Git repository; name one, or run \`git init\` and commit there` : why,
    );
  }
  // A folder inside a repository may be one that nothing was ever committed in; then the repository around it is another.
  const commit = await ask('log', '-1', '--format=%H', '--', '.').catch(() => '');
  if (commit === '')
    fault(at, `${source} has no commits; commit what runs there, or name the repository that has them`);
}
