import { describe, expect, it } from 'vitest';
import { parseLesson } from '../../../src/adapters/parse-lesson.ts';
import { inconclusive } from '../../../src/domain/diagnosis/diagnosis.ts';
import type { Lesson } from '../../../src/domain/evidence/lesson.ts';
import { learnLesson, rankLessons, renderLesson } from '../../../src/domain/evidence/lessons.ts';
import { closedState } from '../../incident-state.ts';

function requireLesson(lesson: Lesson | undefined): Lesson {
  if (!lesson) throw new Error('no lesson was learned');
  return lesson;
}
const learned = requireLesson(learnLesson(closedState));

describe('learnLesson', () => {
  it('keeps alert, cause, fix and the marks in the logs', () => {
    expect(learned).toMatchObject({
      id: '2026-11-21-order-service-0f1e2d3c',
      alertName: 'OrderErrors',
      causeService: 'user-service',
      outcome: 'recovered',
      fix: 'deploy.rollback on user-service: the service recovered.',
      signatures: ['upstream user-service answered <num>'],
      closedAt: '2026-11-21T09:43:05.000Z',
    });
  });

  it('learns from a rejected plan, with the reason', () => {
    const approvals = [{ ...closedState.approvals[0]!, decision: 'reject' as const, reason: 'a migration ran' }];
    const lesson = requireLesson(learnLesson({ ...closedState, approvals, outcome: 'rejected' }));
    expect(lesson.fix).toBe('deploy.rollback on user-service: rejected by a person, because: a migration ran.');
  });

  it('learns nothing where no cause was found and nothing was tried', () => {
    const { plan: _plan, ...rest } = closedState;
    const state = {
      ...rest,
      diagnosis: inconclusive('no', 'analyst'),
      approvals: [],
      undo: [],
      outcome: 'inconclusive' as const,
    };
    expect(learnLesson(state)).toBeUndefined();
  });
});

describe('renderLesson and parseLesson', () => {
  it('read back what they wrote', () => {
    expect(parseLesson(learned.id, renderLesson(learned))).toEqual({ lesson: learned });
  });

  it('keep front matter whole against hostile values', () => {
    const hostile = {
      ...learned,
      alertName: 'x"\n---\noutcome: recovered # \\',
      signatures: ['- a: &x *x', '!!js/function'],
    };
    const parsed = parseLesson(learned.id, renderLesson(hostile));
    expect(parsed).toMatchObject({ lesson: { outcome: 'recovered', signatures: hostile.signatures } });
    expect('lesson' in parsed && parsed.lesson.alertName).toContain('outcome: recovered #');
  });

  it.each([
    ['no front matter', '# Notes', 'front matter between'],
    ['broken YAML', '---\na: [\n---\n', 'not YAML'],
    ['a field that is missing', '---\nincidentId: x\n---\n', 'runId'],
    ['an alias bomb', `---\na: &a [x]\nb: [*a, *a]\n---\n`, 'not YAML'],
  ])('say what to mend in a file with %s', (_name, text, why) => {
    expect(parseLesson('x', text)).toMatchObject({ fault: expect.stringContaining(why) as string });
  });
});

describe('rankLessons', () => {
  const alert = closedState.alerts[0]!;
  const lesson = (id: string, change: Partial<Lesson>): Lesson => ({ ...learned, id, signatures: [], ...change });
  const rank = (lessons: readonly Lesson[]) =>
    rankLessons({ service: 'order-service', alerts: [alert] }, lessons, 3).map((item) => item.lesson.id);

  it('puts the same alert on the same service before the same alert elsewhere, and leaves strangers out', () => {
    const same = lesson('same', {});
    const elsewhere = lesson('elsewhere', { alertService: 'x-service' });
    const stranger = lesson('stranger', { alertName: 'DiskFull', alertService: 'x-service' });
    expect(rank([stranger, elsewhere, same])).toEqual(['same', 'elsewhere']);
  });

  it('raises a lesson whose signatures share words with the alert', () => {
    const alike = lesson('alike', { signatures: ['error ratio'] });
    expect(rank([lesson('a', {}), alike])).toEqual(['alike', 'a']);
  });

  it('puts the newer before the older where they tie, and keeps to the limit', () => {
    const lessons = ['1', '2', '3', '4'].map((n) => lesson(n, { closedAt: `2026-01-0${n}T00:00:00.000Z` }));
    expect(rank(lessons)).toEqual(['4', '3', '2']);
  });
});
