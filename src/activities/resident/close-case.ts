import type { LessonStore } from '../../adapters/lesson-store.ts';
import type { ReportStore } from '../../adapters/report-store.ts';
import type { IncidentState } from '../../domain/incident/incident.ts';
import type { Lesson } from '../../domain/evidence/lesson.ts';
import { learnLesson } from '../../domain/evidence/lessons.ts';
import { nameReport, renderReport } from '../../domain/report/report.ts';
import type { ResidentActivities } from '../contract.ts';

export interface CloseCaseParts {
  readonly lessons: Pick<LessonStore, 'keep'>;
  readonly reports: ReportStore;
  readonly redact: (text: string) => string;
  readonly log: (message: string, fields: Record<string, unknown>) => void;
}

/**
 * Keeps the lesson, then writes the report that names it. Both depend on the state alone, so a retry changes nothing.
 * A lesson that cannot be kept is told in the log and in the report; the incident closes all the same.
 */
export function createCloseCase(parts: CloseCaseParts): ResidentActivities['closeCase'] {
  return async ({ state }) => {
    const lesson = learnLesson(state);
    const kept = lesson ? await keepLesson(parts, lesson) : {};
    const told: IncidentState = { ...state, ...(kept.id === undefined ? {} : { lesson: kept.id }) };
    const note = kept.fault === undefined ? '' : `\n*The lesson could not be kept: see the log of the worker.*\n`;
    const report = await parts.reports.write(nameReport(state), parts.redact(renderReport(told) + note));
    return { report, ...(kept.id === undefined ? {} : { lesson: kept.id }) };
  };
}

async function keepLesson(
  { lessons, redact, log }: CloseCaseParts,
  lesson: Lesson,
): Promise<{ readonly id?: string; readonly fault?: string }> {
  try {
    await lessons.keep({
      ...lesson,
      fix: redact(lesson.fix),
      text: redact(lesson.text),
      signatures: lesson.signatures.map(redact),
    });
    return { id: lesson.id };
  } catch (error) {
    const fault = error instanceof Error ? error.message : String(error);
    log('The lesson could not be kept.', { lesson: lesson.id, error: fault });
    return { fault };
  }
}
