import { isSameRevision } from '../plan/catalogue.ts';
import type { Diagnosis } from '../diagnosis/diagnosis.ts';
import type { Analysis } from './analysis.ts';

/** What a user knows of an incident; what is absent is not compared. */
export interface ExpectedAnswer {
  readonly verdict?: Diagnosis['verdict'];
  readonly service?: string;
  /** A commit's SHA, of seven digits or more; a deploy's or flag's id; or `none`. */
  readonly change?: string;
  readonly category?: string;
  readonly firstFailingService?: string;
  /** In any order. */
  readonly blastRadius?: readonly string[];
  readonly remediation?: string;
  readonly minConfidence?: number;
  readonly maxConfidence?: number;
}

/** The same words for an answer as were expected of it. */
export function toExpected(analysis: Analysis): ExpectedAnswer {
  const { diagnosis, firstFailingService, blastRadius, remediation } = analysis;
  const { verdict, service, change, category } = diagnosis;
  return { verdict, service, change, category, firstFailingService, blastRadius, remediation };
}

/** Each difference in a few words, such as `service is cart, expected checkout`; none for an answer as it was expected. */
export function compareExpected(expected: ExpectedAnswer, analysis: Analysis): readonly string[] {
  const said = toExpected(analysis);
  const keys = ['verdict', 'service', 'category', 'firstFailingService', 'remediation'] as const;
  const differences = keys
    .filter((key) => expected[key] !== undefined && expected[key] !== said[key])
    .map((key) => tell(key, said[key], expected[key]));
  const { change, blastRadius, minConfidence = 0, maxConfidence = 1 } = expected;
  if (change !== undefined && !isSameRevision(change, said.change ?? ''))
    differences.push(tell('change', said.change, change));
  if (blastRadius && listOf(blastRadius) !== listOf(analysis.blastRadius))
    differences.push(tell('blastRadius', listOf(analysis.blastRadius), listOf(blastRadius)));
  const { confidence } = analysis.diagnosis;
  if (confidence < minConfidence) differences.push(`confidence is ${confidence}, expected ${minConfidence} or more`);
  if (confidence > maxConfidence) differences.push(`confidence is ${confidence}, expected ${maxConfidence} or less`);
  return differences;
}

function listOf(services: readonly string[]): string {
  return [...services].sort().join(', ') || 'nobody';
}

function tell(key: string, said: string | undefined, expected: string | undefined): string {
  return `${key} is ${said === '' || said === undefined ? 'nothing' : said}, expected ${expected ?? ''}`;
}
