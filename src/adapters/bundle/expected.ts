import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { z } from 'zod';
import type { ExpectedAnswer } from '../../domain/analysis/compare-expected.ts';
import { createFaults } from './faults.ts';
import { choice, listOf, number, record, text, word } from './fields.ts';
import { parseRecord } from './check-record.ts';
import { explainReading } from './read-records.ts';

/** Beside bundle.json: what the answer has to be. */
export const expectedFile = 'expected.json';

export const expectedSchema = record(
  {
    verdict: choice(['cause', 'inconclusive', 'no-fault'], 'What kind of answer.').exactOptional(),
    service: text('The service at fault; empty for none.').exactOptional(),
    change: word('A SHA of seven digits or more, an id, or `none`.', '9fceb02').exactOptional(),
    category: text('Category of the cause.').exactOptional(),
    firstFailingService: text('Where it showed first.').exactOptional(),
    blastRadius: listOf(word('A service.', 'cart'), 'Whom it reached, in any order.').exactOptional(),
    remediation: text('What would end it.').exactOptional(),
    minConfidence: number('Not less sure than this.', 0, 1).exactOptional(),
    maxConfidence: number('Not surer than this.', 0, 1).exactOptional(),
  },
  'What is expected of the analysis of this bundle; what is left out is not compared: expected.json.',
) satisfies z.ZodType<ExpectedAnswer>;

/**
 * Reads what is expected of a bundle's answer; undefined where nothing is written.
 * @throws BundleError with every fault at once.
 */
export async function readExpected(folder: string): Promise<ExpectedAnswer | undefined> {
  const faults = createFaults();
  const fault = (message: string) => faults.add({ file: expectedFile, message });
  let content: string;
  try {
    content = await readFile(path.join(folder, expectedFile), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    fault(explainReading(error));
    faults.throwIfAny();
    return undefined;
  }
  const expected = parseRecord(expectedSchema, content, fault);
  faults.throwIfAny();
  return expected;
}

/** Keeps an answer as the one that is expected from now on. */
export async function writeExpected(folder: string, expected: ExpectedAnswer): Promise<void> {
  await writeFile(path.join(folder, expectedFile), `${JSON.stringify(expected, null, 2)}\n`);
}
