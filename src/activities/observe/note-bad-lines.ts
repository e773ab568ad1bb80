import type { RecordLines } from '../../adapters/record-lines.ts';
import { countOf } from '../../domain/text.ts';

/** What people are told of the lines of a file of records that are no record; empty where all are. */
export function noteBadLines({ badLines }: Pick<RecordLines<unknown>, 'badLines'>): readonly string[] {
  if (badLines.length === 0) return [];
  const shown = badLines.slice(0, 3).map(({ line, why }) => `line ${line}: ${why}`);
  return [`${countOf(badLines.length, 'line')} passed over (${shown.join('; ')})`];
}
