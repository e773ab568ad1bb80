import { execFileSync } from 'node:child_process';
import { lstatSync, readFileSync } from 'node:fs';
import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '../..');

/** Files of the repository: those that Git tracks, and new ones that it does not ignore. Deleted ones and links are left out. */
export function listFiles(): readonly string[] {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const listed = execFileSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 64_000_000 });
  return [...new Set(listed.split('\0'))].filter(
    (file) => lstatSync(path.join(root, file), { throwIfNoEntry: false })?.isFile() ?? false,
  );
}

export function readText(file: string): string {
  return readFileSync(path.join(root, file), 'utf8');
}

/** The pages that people read: Markdown at the top and under docs/. */
export function listPages(): readonly string[] {
  return listFiles().filter((file) => /^(?:[^/]+|docs\/.+)\.md$/.test(file));
}

/** Text that people type: fenced blocks and `code`. */
export function listCode(markdown: string): readonly string[] {
  const fences = [...markdown.matchAll(/^ *```\w*\n([\s\S]*?)^ *```/gm)].flatMap(([, body = '']) => body.split('\n'));
  const spans = [...markdown.replace(/^ *```[\s\S]*?^ *```/gm, '').matchAll(/`([^`\n]+)`/g)].map(
    ([, text = '']) => text,
  );
  return [...fences, ...spans].map((line) => line.trim());
}
