import type { Diagnosis } from '../diagnosis/diagnosis.ts';
import type { EngineInput } from '../diagnosis/engine.ts';
import type { Lesson, RecalledLesson } from '../evidence/lesson.ts';
import type { LogPattern } from './logs/patterns.ts';
import { cleanLine } from '../diagnosis/prompt-text.ts';
import { splitWords } from './words.ts';

/**
 * Sets each recalled lesson beside the fresh diagnosis. A lesson never moves the diagnosis: it only agrees, disagrees or cannot tell.
 * Our own weights. O(l · p) for l signatures of lessons and p patterns, in words.
 */
export function compareLessons(
  input: EngineInput,
  diagnosis: Diagnosis,
  patterns: readonly LogPattern[],
): readonly RecalledLesson[] {
  return input.lessons.map((lesson) => {
    const seen = seenSignatures(lesson, patterns);
    const known = lesson.signatures.length === 0 ? 0 : seen / lesson.signatures.length;
    const alert = input.alerts.some((item) => item.name === lesson.alertName) ? 0.3 : 0;
    const service = lesson.alertService === input.service ? 0.2 : 0;
    const similarity = Math.round((alert + service + 0.5 * known) * 100) / 100;
    return { id: lesson.id, similarity, ...judge(lesson, diagnosis, seen) };
  });
}

function judge(lesson: Lesson, diagnosis: Diagnosis, seen: number): Pick<RecalledLesson, 'agreement' | 'why'> {
  const marks = `${seen} of its ${lesson.signatures.length} log signatures are seen this time`;
  if (diagnosis.verdict === 'inconclusive')
    return { agreement: 'cannot-tell', why: `The fresh evidence does not carry a cause to compare with; ${marks}.` };
  if (diagnosis.verdict === 'no-fault')
    return { agreement: 'disagrees', why: `Nothing is out of the ordinary this time; ${marks}.` };
  if (lesson.causeService !== diagnosis.service) {
    return {
      agreement: 'disagrees',
      why: `It blames ${lesson.causeService || 'no service'}, the fresh evidence points to ${diagnosis.service}; ${marks}.`,
    };
  }
  if (lesson.category !== diagnosis.category) {
    return {
      agreement: 'disagrees',
      why: `It names the same service, with ${lesson.category} as cause instead of ${diagnosis.category}; ${marks}.`,
    };
  }
  if (lesson.signatures.length > 0 && seen === 0) {
    return { agreement: 'cannot-tell', why: `Service and kind of cause are the same, yet ${marks}.` };
  }
  return { agreement: 'agrees', why: `The same service and kind of cause, found from fresh evidence; ${marks}.` };
}

function seenSignatures(lesson: Lesson, patterns: readonly LogPattern[]): number {
  const exact = new Set(patterns.map((pattern) => asKept(pattern.template)));
  const templates = patterns.map((pattern) => new Set(splitWords(pattern.template)));
  return lesson.signatures.filter((signature) => {
    // Words would not tell: a line such as `internal error` has none but those that say nothing.
    if (exact.has(asKept(signature))) return true;
    const words = new Set(splitWords(signature));
    return templates.some((template) => {
      const shared = [...words].filter((word) => template.has(word)).length;
      const all = new Set([...words, ...template]).size;
      return all > 0 && shared / all >= 0.6;
    });
  }).length;
}

/** As a lesson keeps a template. */
function asKept(template: string): string {
  return cleanLine(template, 300);
}
