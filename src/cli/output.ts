import { styleText } from 'node:util';
import { readVariable } from '../config.ts';
import { sanitizeText } from '../domain/text.ts';

type Style = Parameters<typeof styleText>[0];

/** Colours are for people at a terminal; pipes, logs and NO_COLOR get plain text. */
export function paint(style: Style, text: string): string {
  const wantsColour = process.stdout.isTTY && readVariable('NO_COLOR') === undefined;
  return wantsColour ? styleText(style, text) : text;
}

export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** For what is said beside a command's answer, so that a pipe gets the answer alone. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

export function sayJson(value: unknown): void {
  say(JSON.stringify(value, null, 2));
}

/** Columns as wide as their widest cell; the last one is as long as it likes. */
export function renderTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (column === cells.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  return [paint('dim', line(head)), ...rows.map(line)].join('\n');
}

/** Local time, to the second; people compare it with their own clocks. */
export function renderTime(iso: string): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return iso;
  const two = (value: number) => String(value).padStart(2, '0');
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${date} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** Text from outside may hold escape sequences that would act on the terminal, or turn what is read around. */
export function plain(text: string): string {
  return sanitizeText(text);
}
