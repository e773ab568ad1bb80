import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCloseCase } from '../../../src/activities/resident/close-case.ts';
import { createRecallLessons } from '../../../src/activities/resident/recall-lessons.ts';
import { createEvidenceStore } from '../../../src/adapters/evidence-store.ts';
import { createLessonStore } from '../../../src/adapters/lesson-store.ts';
import { createReportStore } from '../../../src/adapters/report-store.ts';
import { closedState } from '../../incident-state.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'close-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const openLessons = (PATH = process.env['PATH'] ?? '') =>
  createLessonStore({ repository: path.join(folder, 'lessons'), environment: { PATH } });

function openClose(logged: string[] = [], lessons = openLessons()) {
  return createCloseCase({
    lessons,
    reports: createReportStore({ folder: path.join(folder, 'reports') }),
    redact: (text) => text.replaceAll('looks right', '[[SECRET]]'),
    log: (message) => logged.push(message),
  });
}

describe('closeCase', () => {
  it('writes one report and one lesson for one run, however often it is tried', async () => {
    const first = await openClose()({ state: closedState });
    expect(await openClose()({ state: closedState })).toEqual(first);
    expect(first.lesson).toBe('2026-11-21-order-service-0f1e2d3c');
    expect(path.basename(first.report)).toBe('order-service-20261121T094100Z-0f1e2d3c.md');
    expect(await readdir(path.join(folder, 'reports'))).toHaveLength(1);
    const report = await readFile(first.report, 'utf8');
    expect(report).toContain('| Lesson kept | `2026-11-21-order-service-0f1e2d3c` |');
    expect(report).not.toContain('looks right');
  });

  it('closes all the same when the lesson cannot be kept, and says so', async () => {
    const logged: string[] = [];
    const closed = await openClose(logged, openLessons(folder))({ state: closedState });
    expect(closed.lesson).toBeUndefined();
    expect(logged).toEqual(['The lesson could not be kept.']);
    expect(await readFile(closed.report, 'utf8')).toContain('could not be kept');
  });
});

describe('recallLessons', () => {
  const store = () => createEvidenceStore({ folder: path.join(folder, 'evidence') });
  const input = {
    evidenceId: 'order-service/lessons/1',
    service: 'order-service',
    alerts: closedState.alerts,
    window: { from: closedState.openedAt, to: closedState.openedAt },
  };

  it('finds what an earlier incident of the same shape taught', async () => {
    await openClose()({ state: closedState });
    const found = await createRecallLessons({ lessons: openLessons(), store: store() })(input);
    expect(found).toMatchObject({ id: input.evidenceId, kind: 'lessons', outcome: 'found' });
    const body = await store().getBody(found.digest ?? '');
    expect(body).toMatchObject({
      kind: 'lessons',
      lessons: [{ id: '2026-11-21-order-service-0f1e2d3c', causeService: 'user-service' }],
    });
  });

  it('says that there is none before the first incident', async () => {
    const found = await createRecallLessons({ lessons: openLessons(), store: store() })(input);
    expect(found).toMatchObject({ outcome: 'empty', summary: 'None of 0 lessons resembles this incident.' });
  });

  it('tells a repository that cannot be read as a gap', async () => {
    await openClose()({ state: closedState });
    const found = await createRecallLessons({ lessons: openLessons(folder), store: store() })(input);
    expect(found).toMatchObject({ outcome: 'failed', reason: expect.stringContaining('Install Git') as string });
  });
});
