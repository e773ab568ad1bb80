import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { hasCode } from '../errors.ts';
import { runCommand } from '../run-command.ts';

/** Undoes the mounts at and below a folder, innermost first: a dockerd that was killed leaves them, and so does its next run. */
export async function unmountBelow(folder: string, env: Readonly<Record<string, string | undefined>>): Promise<void> {
  for (const point of (await mountPointsBelow(folder)).toReversed()) {
    await runCommand('umount', [point], { env, limitMs: 10_000 });
  }
}

/**
 * In the order in which they were mounted. A disk that the user mounted at the folder itself is his; dockerd's own mount
 * there is the folder bound to itself, so its root is not the root of a file system. No /proc (macOS): no engine of ours.
 */
async function mountPointsBelow(folder: string): Promise<readonly string[]> {
  const text = await readFile('/proc/self/mountinfo', 'utf8').catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return '';
    throw error;
  });
  return text.split('\n').flatMap((line) => {
    // proc(5) mountinfo: id, parent, device, root, mount point; blanks are octal.
    const [, , , root = '', place = ''] = line.split(' ');
    const point = place.replaceAll('\\040', ' ');
    const isOurs = (point === folder && root !== '/') || point.startsWith(folder + path.sep);
    return isOurs ? [point] : [];
  });
}
