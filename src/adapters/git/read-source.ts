import type { SourceFile } from '../../domain/diagnosis/choose-source.ts';
import { findFolderAt } from './history.ts';
import type { FolderNames } from './folder-names.ts';
import { runGit } from './run-git.ts';

/** Which tree is read: a clone, the full SHA of a commit, and how the service's folder was called over time. */
export interface TreeQuestion {
  readonly folder: string;
  readonly id: string;
  readonly names: FolderNames;
  readonly timeoutMs: number;
}

export interface SourceLine {
  /** Path below the service's folder. */
  readonly path: string;
  readonly line: number;
  readonly text: string;
}

export interface BlamedLine {
  readonly line: number;
  readonly text: string;
  /** Full SHA. */
  readonly commit: string;
  readonly author: string;
  /** ISO time of the author. */
  readonly at: string;
  readonly subject: string;
}

/** A file larger than this is not read. */
const maxFileBytes = 2_000_000;
const maxSearchBytes = 4_000_000;

/** Files of the service, by path; symbolic links and submodules are none. */
export async function listSourceFiles(question: TreeQuestion): Promise<readonly SourceFile[]> {
  const { folder, id, names, timeoutMs } = question;
  const below = await findFolderAt(folder, id, names, timeoutMs);
  if (below === undefined) return [];
  const args = ['ls-tree', '-r', '-l', '-z', '--full-tree', id, ...(below === '' ? [] : ['--', below])];
  const { output } = await runGit({ folder, args, timeoutMs });
  return output
    .toString('utf8')
    .split('\0')
    .flatMap((row) => {
      const [, bytes, file] = /^100\d{3} blob [0-9a-f]+ +(\d+)\t(.+)$/s.exec(row) ?? [];
      return file === undefined ? [] : [{ path: file.slice(below.length), bytes: Number(bytes) }];
    });
}

/** Text of a file; undefined where there is none of that path, or where it is no text. */
export async function readSourceFile(question: TreeQuestion, path: string): Promise<string | undefined> {
  const name = await nameOf(question, path);
  if (name === undefined) return undefined;
  const { folder, timeoutMs } = question;
  const { output } = await runGit({ folder, args: ['cat-file', 'blob', name], timeoutMs, maxBytes: maxFileBytes });
  return output.includes(0) ? undefined : output.toString('utf8');
}

/** Lines that contain a text, upper and lower case alike, by path; binary files are left out. */
export async function searchSource(question: TreeQuestion, text: string): Promise<readonly SourceLine[]> {
  const { folder, id, names, timeoutMs } = question;
  const below = await findFolderAt(folder, id, names, timeoutMs);
  if (below === undefined) return [];
  const args = ['grep', '-n', '-z', '-I', '-i', '--fixed-strings', '--full-name', '--no-color', '-e', text, id, '--'];
  const { output } = await runGit({
    folder,
    args: [...args, `:(top,literal)${below === '' ? '.' : below}`],
    timeoutMs,
    maxBytes: maxSearchBytes,
    nothingFound: 1,
  });
  return output
    .toString('utf8')
    .split('\n')
    .flatMap((row) => {
      const [file = '', line = '', found] = row.split('\0');
      if (found === undefined) return [];
      return [{ path: file.slice(id.length + 1 + below.length), line: Number(line), text: found }];
    });
}

/** Who last touched each of these lines; fewer where the file ends before. Undefined where there is no such file. */
export async function blameLines(
  question: TreeQuestion,
  path: string,
  from: number,
  to: number,
): Promise<readonly BlamedLine[] | undefined> {
  const text = await readSourceFile(question, path);
  if (text === undefined) return undefined;
  const last = Math.min(to, text.replace(/\n$/, '').split('\n').length);
  if (from > last) return [];
  const { folder, id, names, timeoutMs } = question;
  const below = await findFolderAt(folder, id, names, timeoutMs);
  // Git takes the path of a blame from where it stands, which is the service's folder.
  const top = '../'.repeat((names.names[0] ?? '').split('/').length - 1);
  const args = [
    'blame',
    '--line-porcelain',
    '--no-textconv',
    '-L',
    `${from},${last}`,
    id,
    '--',
    `${top}${below}${path}`,
  ];
  const { output } = await runGit({ folder, args, timeoutMs });
  return parseBlame(output.toString('utf8'));
}

/** Each line's head and fields come before the line itself, which begins with a tab. */
function parseBlame(porcelain: string): readonly BlamedLine[] {
  const lines: BlamedLine[] = [];
  let head = { commit: '', line: 0 };
  let fields = new Map<string, string>();
  for (const row of porcelain.split('\n')) {
    const [, commit, line] = /^([0-9a-f]{40,64}) \d+ (\d+)/.exec(row) ?? [];
    if (row.startsWith('\t')) {
      const at = new Date(Number(fields.get('author-time')) * 1_000).toISOString();
      const [author = '', subject = ''] = [fields.get('author'), fields.get('summary')];
      lines.push({ ...head, text: row.slice(1), author, at, subject });
    } else if (commit !== undefined) {
      head = { commit, line: Number(line) };
      fields = new Map();
    } else {
      const [key = '', ...words] = row.split(' ');
      fields.set(key, words.join(' '));
    }
  }
  return lines;
}

/** `<commit>:<path>` where it is a file of the service. */
async function nameOf({ folder, id, names, timeoutMs }: TreeQuestion, path: string): Promise<string | undefined> {
  const below = await findFolderAt(folder, id, names, timeoutMs);
  if (below === undefined || path.includes('\n') || path.split('/').includes('..')) return undefined;
  const name = `${id}:${below}${path}`;
  const { output } = await runGit({
    folder,
    args: ['cat-file', '--batch-check=%(objecttype) %(objectsize)'],
    input: `${name}\n`,
    timeoutMs,
  });
  const [type, size] = output.toString('utf8').trim().split(' ');
  return type === 'blob' && Number(size) <= maxFileBytes ? name : undefined;
}
