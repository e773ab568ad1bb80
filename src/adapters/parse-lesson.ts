import { parse } from 'yaml';
import { z } from 'zod';
import type { Lesson } from '../domain/evidence/lesson.ts';
import { cleanLine, cleanText } from '../domain/diagnosis/prompt-text.ts';

const line = z
  .string()
  .max(2_000)
  .transform((text) => cleanLine(text, 600));

/** Fields that people add are theirs; the ones that we need have to be there. */
const frontMatter = z.looseObject({
  incidentId: line,
  runId: line,
  closedAt: line,
  alertName: line,
  alertService: line,
  causeService: line,
  category: line,
  change: line,
  outcome: line,
  fix: line,
  signatures: z.array(line).max(100),
});

const maxTextLength = 20_000;

export type ParsedLesson = { readonly lesson: Lesson } | { readonly fault: string };

/**
 * Reads a lesson's file. People edit these files, so a fault is an answer that says what to mend, never an exception.
 * @param id the file's name without its ending.
 */
export function parseLesson(id: string, text: string): ParsedLesson {
  const parts = /^---\r?\n([\s\S]*?)\r?\n---[ \t]*(?:\r?\n|$)([\s\S]*)$/u.exec(text.replace(/^\ufeff/u, ''));
  if (!parts) return { fault: 'it does not begin with front matter between two lines of ---' };
  let fields: unknown;
  try {
    // Timestamps stay text in the core schema; aliases could make a small file large.
    fields = parse(parts[1] ?? '', { schema: 'core', maxAliasCount: 0 });
  } catch (error) {
    return { fault: cleanLine(`its front matter is not YAML: ${String(error)}`, 300) };
  }
  const parsed = frontMatter.safeParse(fields);
  if (!parsed.success) {
    const issues = parsed.error.issues
      .slice(0, 3)
      .map((issue) => `${issue.path.join('.') || 'front matter'}: ${issue.message}`);
    return { fault: cleanLine(issues.join('; '), 300) };
  }
  const { incidentId, runId, closedAt, alertName, alertService, causeService } = parsed.data;
  const { category, change, outcome, fix, signatures } = parsed.data;
  return {
    lesson: {
      id,
      incidentId,
      runId,
      closedAt,
      alertName,
      alertService,
      causeService,
      category,
      change,
      outcome,
      signatures,
      fix,
      text: cleanText(parts[2] ?? '', maxTextLength).trim(),
    },
  };
}
