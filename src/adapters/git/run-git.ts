import { stat } from 'node:fs/promises';
import { execa } from 'execa';
import { toOneLine } from '../../domain/text.ts';
import { OutsideError } from '../outside-error.ts';

export interface GitRun {
  readonly folder: string;
  readonly args: readonly string[];
  readonly timeoutMs: number;
  readonly input?: string;
  readonly maxBytes?: number;
  /** Exit status by which this command says that it found nothing. */
  readonly nothingFound?: number;
}

export interface GitResult {
  readonly output: Buffer;
  /** True when the output was longer than `maxBytes` and was cut. */
  readonly isCut: boolean;
}

/**
 * Nothing that a repository carries may run: no hooks, no file-system monitor, no external diff, no prompt, no pager. What the
 * environment says about another repository (a hook that started us) is taken away.
 */
const safety = [
  ...['core.hooksPath=/dev/null', 'core.fsmonitor=false', 'core.quotePath=false', 'core.attributesFile=/dev/null'],
  ...['gc.auto=0', 'maintenance.auto=false', 'protocol.ext.allow=never', 'log.showSignature=false', 'color.ui=false'],
].flatMap((setting) => ['-c', setting]);

const environment: Record<string, string | undefined> = {
  LC_ALL: 'C',
  GIT_TERMINAL_PROMPT: '0',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_PAGER: 'cat',
  GIT_LFS_SKIP_SMUDGE: '1',
  GIT_ALLOW_PROTOCOL: 'file:git:http:https:ssh',
  GIT_SSH_COMMAND: 'ssh -oBatchMode=yes',
  ...Object.fromEntries(
    [
      ...['GIT_DIR', 'GIT_WORK_TREE', 'GIT_INDEX_FILE', 'GIT_OBJECT_DIRECTORY', 'GIT_COMMON_DIR', 'GIT_NAMESPACE'],
      ...[
        'GIT_ALTERNATE_OBJECT_DIRECTORIES',
        'GIT_EXTERNAL_DIFF',
        'GIT_DIFF_OPTS',
        'GIT_CONFIG_PARAMETERS',
        'GIT_PREFIX',
      ],
    ].map((name) => [name, undefined]),
  ),
};

/** Runs git without a shell. Throws `Git.TimedOut` or `Git.Failed` with git's own words. */
export async function runGit({
  folder,
  args,
  timeoutMs,
  input = '',
  maxBytes = 64_000_000,
  nothingFound = 0,
}: GitRun): Promise<GitResult> {
  const result = await execa('git', [...safety, ...args], {
    cwd: folder,
    env: environment,
    timeout: timeoutMs,
    maxBuffer: maxBytes,
    encoding: 'buffer',
    stripFinalNewline: false,
    reject: false,
    input,
  });
  const output = Buffer.from(result.stdout);
  if (!result.failed || (result.exitCode === nothingFound && nothingFound !== 0)) return { output, isCut: false };
  if (result.isMaxBuffer) return { output, isCut: true };
  const asked = `git ${toOneLine(args.join(' '), 200)} in ${folder}`;
  if (result.timedOut) {
    throw trouble(
      'TimedOut',
      `${asked}: no end within ${timeoutMs} ms. Is the repository very large, or its server slow?`,
      true,
    );
  }
  if (result.code === 'ENOENT') throw trouble('Failed', `${asked}: ${await tellAbsent(folder)}`, false);
  const words = toOneLine(Buffer.from(result.stderr).toString('utf8') || (result.originalMessage ?? 'no reason'), 400);
  throw trouble(
    'Failed',
    `${asked}: ${words}${adviseOn(words)}`,
    /could not resolve|connection|unable to access/i.test(words),
  );
}

/** The system gives the same code for a folder and for a program that is not there. */
async function tellAbsent(folder: string): Promise<string> {
  const isThere = await stat(folder).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  );
  return isThere
    ? 'git is not installed, or not on the PATH of this worker. Install it.'
    : `the folder ${folder} does not exist. Check \`source\` of the service in resident.yaml.`;
}

function adviseOn(words: string): string {
  if (/dubious ownership/.test(words)) {
    return ' The folder belongs to another user: `git config --global --add safe.directory <folder>` as the user of the observe worker.';
  }
  if (/not a git repository|No such file/i.test(words)) return ' Check `source` of the service in resident.yaml.';
  if (/bad object|unknown revision|Needed a single revision|ambiguous argument/i.test(words)) {
    return ' The revision is not in this repository: is the clone shallow, or was the branch deleted?';
  }
  if (/authentication|permission denied|could not read Username|terminal prompts disabled/i.test(words)) {
    return ' Give the observe worker a credential helper or an SSH key that may read it.';
  }
  return '';
}

function trouble(kind: string, message: string, retryable: boolean): OutsideError {
  return new OutsideError(message, { system: 'Git', kind, retryable });
}
