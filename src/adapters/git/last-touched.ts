import type { FolderNames } from './folder-names.ts';
import { runGit } from './run-git.ts';

/** The commit that last touched a line, and the line's file as the service's repository names it. */
export interface LastTouched {
  readonly file: string;
  /** Full SHA. */
  readonly commit: string;
  readonly subject: string;
}

export interface BlameQuestion extends FolderNames {
  /** Full SHA of the revision that the line was seen at. */
  readonly id: string;
  readonly file: string;
  readonly line: number;
  readonly timeoutMs: number;
}

/**
 * Blames one line at a revision. `file` may be the end of a path (a JVM frame tells the package, a frame of production its own
 * folder): it is looked for in the service's tree, and believed where one file alone ends like that.
 * @returns undefined where no file, several files or no such line are there
 */
export async function readLastTouched(folder: string, question: BlameQuestion): Promise<LastTouched | undefined> {
  const { id, line, names, timeoutMs } = question;
  const found = /^[0-9a-f]{40,64}$/.test(id) ? await findFile(folder, question) : undefined;
  if (!found) return undefined;
  // Git takes the path of a blame from where it stands, which is the service's folder.
  const top = '../'.repeat((names[0] ?? '').split('/').length - 1);
  const args = ['blame', '--porcelain', '--no-textconv', '-L', `${line},${line}`, id, '--', `${top}${found.path}`];
  const { output } = await runGit({ folder, args, timeoutMs }).catch((error: unknown) => {
    // A line that a generated file has and its source has not.
    if (/has only \d+ lines?/.test(String(error))) return { output: Buffer.alloc(0) };
    throw error;
  });
  const text = output.toString('utf8');
  const commit = /^([0-9a-f]{40,64}) /.exec(text)?.[1];
  if (commit === undefined) return undefined;
  return { file: found.file, commit, subject: /^summary (.*)$/m.exec(text)?.[1] ?? '' };
}

async function findFile(folder: string, { id, file, names, timeoutMs }: BlameQuestion) {
  const args = ['ls-tree', '-r', '-z', '--full-tree', '--name-only', id];
  const { output } = await runGit({ folder, args, timeoutMs });
  const paths = output.toString('utf8').split('\0').filter(Boolean);
  const name = names.find((one) => paths.some((path) => path.startsWith(one)));
  if (name === undefined) return undefined;
  const own = paths.filter((path) => path.startsWith(name)).map((path) => path.slice(name.length));
  if (own.includes(file)) return { file, path: name + file };
  const [only, ...others] = own.filter((path) => path.endsWith(`/${file}`) || file.endsWith(`/${path}`));
  return only === undefined || others.length > 0 ? undefined : { file: only, path: name + only };
}
