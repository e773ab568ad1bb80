import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PromptWords } from '../../domain/diagnosis/prompt.ts';
import { OutsideError } from '../outside-error.ts';

const ours = fileURLToPath(new URL('../../../prompts/', import.meta.url));
const headings = { system: 'System', task: 'Task', lastStep: 'Last step' } as const;

/**
 * Reads a prompt: Markdown with `name` and `version` in its front matter and the headings System, Task and Last step. A file of that
 * name in a team's own folder takes the place of ours; what it says can make answers worse, and gives a model no more power.
 * @throws OutsideError `Prompt.Unreadable` and `Prompt.Unfit`
 */
export async function readPrompt(name: string, ownFolder?: string): Promise<PromptWords> {
  const file = `${name}.md`;
  const own = ownFolder === undefined ? undefined : await readOwn(path.join(ownFolder, file));
  const where = own === undefined ? path.join(ours, file) : path.join(ownFolder ?? '', file);
  return parsePrompt(own ?? (await readFile(where, 'utf8')), where);
}

/** Nothing where the team has no such file: ours is used. */
async function readOwn(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new OutsideError(
      `The prompt ${file} cannot be read: ${String(cause)}. Check \`engine.prompts\` and the rights of the file.`,
      { system: 'Prompt', kind: 'Unreadable', retryable: false },
      { cause },
    );
  }
}

/** Splits a prompt into its words. @throws OutsideError `Prompt.Unfit` that names what is absent */
export function parsePrompt(text: string, file: string): PromptWords {
  const [, head = '', body = ''] = /^---\r?\n(.*?)\r?\n---\r?\n(.*)$/s.exec(text) ?? [];
  const field = (key: string) => new RegExp(`^${key}:\\s*(.+?)\\s*$`, 'm').exec(head)?.[1] ?? '';
  const sections = new Map(
    body.split(/^# /m).map((part) => {
      const [title = '', ...lines] = part.split('\n');
      return [title.trim(), lines.join('\n').trim()] as const;
    }),
  );
  const words = {
    name: field('name'),
    version: field('version'),
    system: sections.get(headings.system) ?? '',
    task: sections.get(headings.task) ?? '',
    lastStep: sections.get(headings.lastStep) ?? '',
  };
  const absent = Object.entries(words)
    .filter(([, value]) => value === '')
    .map(([key]) => key);
  if (absent.length === 0) return words;
  const wanted = absent.map((key) =>
    key in headings
      ? `a heading "# ${headings[key as keyof typeof headings]}" with text`
      : `\`${key}:\` between the --- lines`,
  );
  throw new OutsideError(`The prompt ${file} lacks ${wanted.join(', ')}.`, {
    system: 'Prompt',
    kind: 'Unfit',
    retryable: false,
  });
}
