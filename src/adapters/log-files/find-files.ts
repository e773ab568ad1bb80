import { stat } from 'node:fs/promises';
import path from 'node:path';
import { escapePath, glob } from 'tinyglobby';
import { OutsideError } from '../outside-error.ts';

export interface LogFile {
  readonly path: string;
  readonly bytes: number;
  readonly changedAtMs: number;
  /** Device and inode: the same file under two names (a `current` link, a rename while we read) is read once. */
  readonly identity: string;
}

export interface FoundFiles {
  readonly files: readonly LogFile[];
  /** Rotated files that are packed in a way that cannot be read here. */
  readonly unreadable: readonly string[];
}

/** `.1`, `-20261121`, `.2026-11-21`, `_2026-11-21T09`, `.2.gz`: what logrotate, log4j, winston, Python and pino-roll add. */
const rotation =
  /^(?:[._-](?:\d{1,5}|\d{4}-?\d{2}-?\d{2}(?:[T_.-]?\d{1,6}){0,4}Z?|old|bak|prev(?:ious)?))+(?:\.(?:gz|bz2|xz|zst|zip))?$/;
const packed = /\.(?:bz2|xz|zst|zip)$/;

/** Every file that a pattern means, rotated ones included, newest first. Throws `Logs.Unreachable` when a folder cannot be listed. */
export async function findLogFiles(patterns: readonly string[]): Promise<FoundFiles> {
  const names = new Set<string>();
  for (const pattern of patterns) for (const name of await listNames(pattern)) names.add(name);
  const files: LogFile[] = [];
  const seen = new Set<string>();
  for (const name of names) {
    // A file may be rotated away between the listing and this look.
    const found = await stat(name).catch(() => undefined);
    if (!found?.isFile()) continue;
    const identity = `${found.dev}:${found.ino}`;
    if (seen.has(identity)) continue;
    seen.add(identity);
    files.push({ path: name, bytes: found.size, changedAtMs: found.mtimeMs, identity });
  }
  files.sort((a, b) => b.changedAtMs - a.changedAtMs || a.path.localeCompare(b.path));
  return {
    files: files.filter((file) => !packed.test(file.path)),
    unreadable: files.filter((file) => packed.test(file.path)).map((file) => file.path),
  };
}

async function listNames(pattern: string): Promise<readonly string[]> {
  const literal = await stat(pattern).catch(() => undefined);
  const base = literal?.isFile() ? escapePath(pattern) : pattern;
  const extension = path.extname(pattern);
  const stem = extension === '' ? undefined : base.slice(0, -extension.length);
  try {
    const direct = await list(base);
    const behind = (await list(`${base}[._-]*`)).filter((name) => hasRotation(name, pattern, extension));
    const between =
      stem === undefined
        ? []
        : await list([`${stem}[._-]*${extension}`, `${stem}[._-]*${extension}.{gz,bz2,xz,zst,zip}`]);
    return [...direct, ...behind, ...between.filter((name) => hasRotation(name, pattern, extension))];
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new OutsideError(
      `Log files ${pattern} cannot be listed: ${why}. Check \`logs\` in resident.yaml and the folder's permissions.`,
      { system: 'Logs', kind: 'Unreachable', retryable: false },
      { cause },
    );
  }
}

function list(patterns: string | string[]): Promise<string[]> {
  return glob(patterns, { absolute: true, dot: true, expandDirectories: false, onlyFiles: true });
}

/** What the name has beyond a name that the pattern itself matches must look like rotation, not like another service's name. */
function hasRotation(name: string, pattern: string, extension: string): boolean {
  const file = path.basename(name);
  const last = path.basename(pattern);
  const literal = last.slice(0, extension === '' ? undefined : -extension.length);
  const parts = literal.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const rest = new RegExp(`^${parts.join('.*?')}(.*)$`).exec(file)?.[1] ?? '';
  const escaped = extension.replace('.', '\\.');
  for (const cut of [new RegExp(`^(.*)${escaped}((?:\\.(?:gz|bz2|xz|zst|zip))?)$`), new RegExp(`^()${escaped}(.*)$`)]) {
    const match = cut.exec(rest);
    if (match && rotation.test(`${match[1] ?? ''}${match[2] ?? ''}`)) return true;
  }
  // With a wildcard the lazy match above may stop early: look for the rotation at the end instead.
  return /[*?[{]/.test(last) && new RegExp(`${escaped}[._-](?:\\d|old|bak)[\\w.-]*$`).test(file);
}
