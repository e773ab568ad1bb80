import { describe, expect, it } from 'vitest';
import { compareLessons } from '../../../src/domain/analysis/compare-lessons.ts';
import type { LogPattern } from '../../../src/domain/analysis/logs/patterns.ts';
import { inconclusive, type Diagnosis } from '../../../src/domain/diagnosis/diagnosis.ts';
import { at, incident } from './incident.ts';

const lesson = {
  id: 'old',
  incidentId: 'i',
  runId: 'r',
  closedAt: at(-9000),
  alertName: 'TooManyErrors',
  alertService: 'booking',
  causeService: 'identity',
  category: 'code-change',
  change: 'x',
  outcome: 'recovered',
  signatures: ['internal server error', 'request failed with status <num>'],
  fix: '',
  text: '',
};
const pattern = (template: string): LogPattern => ({
  service: 'booking',
  evidenceId: 'booking/logs/1',
  template,
  level: 'error',
  kind: 'new',
  before: 0,
  after: 9,
  firstAt: at(50),
  examples: [],
  weight: 1,
});
const unsure = inconclusive('', 'analyst');
const judge = (diagnosis: Diagnosis, ...templates: string[]) => {
  const input = incident({ booking: {} }, {}, { lessons: [lesson] });
  return compareLessons(input, diagnosis, templates.map(pattern))[0]!;
};
const compare = (...templates: string[]) => judge(unsure, ...templates);

describe('a recalled lesson', () => {
  it('knows its own log lines again where every word of theirs is a common one', () => {
    const known = compare(...lesson.signatures);
    expect(known.why).toContain('2 of its 2 log signatures are seen');
    expect(known.similarity).toBe(1);
  });

  it('is not known by other lines that have no telling word either', () => {
    expect(compare('bad status code in response').why).toContain('0 of its 2 log signatures are seen');
  });

  it('agrees with a cause of its own service and kind whose lines it knows, and with no other', () => {
    const same: Diagnosis = { ...unsure, verdict: 'cause', service: 'identity', category: 'code-change' };
    const [line = ''] = lesson.signatures;
    expect(judge(same, line).agreement).toBe('agrees');
    expect(judge(same, 'seat 7 is taken').agreement).toBe('cannot-tell');
    expect(judge({ ...same, service: 'ledger' }, line).agreement).toBe('disagrees');
    expect(judge({ ...same, category: 'traffic' }, line).agreement).toBe('disagrees');
    expect(judge({ ...unsure, verdict: 'no-fault' }, line).agreement).toBe('disagrees');
    expect(judge(unsure, line).agreement).toBe('cannot-tell');
  });
});
