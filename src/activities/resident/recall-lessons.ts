import type { EvidenceStore } from '../../adapters/evidence-store.ts';
import type { LessonStore } from '../../adapters/lesson-store.ts';
import type { Evidence, LessonsBody } from '../../domain/evidence/evidence.ts';
import { rankLessons } from '../../domain/evidence/lessons.ts';
import { cleanLine } from '../../domain/diagnosis/prompt-text.ts';
import type { ResidentActivities } from '../contract.ts';

export interface RecallLessonsParts {
  readonly lessons: Pick<LessonStore, 'read' | 'source'>;
  readonly store: Pick<EvidenceStore, 'putBody'>;
}

/** More would crowd out fresh evidence (DESIGN.md, decision 7). */
const maxLessons = 5;

/** Lessons that resemble the alerts, best first. A repository that cannot be read is a gap, never a failure. */
export function createRecallLessons({ lessons, store }: RecallLessonsParts): ResidentActivities['recallLessons'] {
  return async ({ evidenceId, service, alerts, window }) => {
    const names = [...new Set(alerts.map((alert) => alert.name))];
    const query = cleanLine(`lessons like ${names.join(', ') || 'any alert'} on ${service}`, 300);
    const about = { id: evidenceId, service, kind: 'lessons', source: lessons.source, query, window } as const;
    let read: Awaited<ReturnType<LessonStore['read']>>;
    try {
      read = await lessons.read();
    } catch (error) {
      const reason = cleanLine(error instanceof Error ? error.message : String(error), 400);
      return { ...about, outcome: 'failed', summary: 'The lessons could not be read.', reason };
    }
    const faults = tellFaults(read.faults);
    const ranked = rankLessons({ service, alerts }, read.lessons, maxLessons);
    if (ranked.length === 0) {
      const summary = `None of ${read.lessons.length} lessons resembles this incident.`;
      return { ...about, outcome: 'empty', summary, ...faults } satisfies Evidence;
    }
    const body: LessonsBody = { kind: 'lessons', service, lessons: ranked.map((item) => item.lesson) };
    const { digest, bytes } = await store.putBody(body);
    const best = ranked.map((item) => `${item.lesson.id} (${item.similarity.toFixed(2)})`).join(', ');
    const summary = cleanLine(
      `${ranked.length} of ${read.lessons.length} lessons resemble this incident: ${best}`,
      380,
    );
    return { ...about, outcome: 'found', summary, digest, bytes, ...faults };
  };
}

function tellFaults(faults: readonly string[]): { truncated?: string } {
  if (faults.length === 0) return {};
  return { truncated: cleanLine(`${faults.length} files could not be used: ${faults.slice(0, 3).join('; ')}`, 600) };
}
