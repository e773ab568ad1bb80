import { createTemplateMiner } from '../../analysis/logs/templates.ts';
import type { EvidenceWithBody } from '../engine.ts';
import { cleanText } from '../prompt-text.ts';
import { fitLines, type EvidenceQuestion } from '../questions.ts';
import { renderLine } from './render-body.ts';

type LogQuestion = Extract<EvidenceQuestion, { name: 'query_logs' }>;

/** Lines of one template are one line of an answer. */
interface Group {
  readonly text: () => string;
  readonly level: string;
  readonly first: string;
  last: string;
  before: number;
  during: number;
}

const mostTemplates = 60;
const mostLines = 40;

/**
 * Lines of a service that match, as templates with how often each was seen before and during the incident, and the newest lines
 * themselves: a flood of equal lines costs one line of the answer.
 */
export function answerLogs(evidence: readonly EvidenceWithBody[], question: LogQuestion): string {
  const bodies = evidence.flatMap(({ body }) =>
    body?.kind === 'logs' && body.service === question.service ? [body] : [],
  );
  if (bodies.length === 0) return `No logs of ${question.service} were collected.`;
  const miner = createTemplateMiner({ keepStatusAndHost: true });
  const groups = new Map<number, Group>();
  const lines: string[] = [];
  let total = 0;
  let matching = 0;
  for (const { lines: all, incidentFrom } of bodies) {
    for (const line of all) {
      total += 1;
      if (!matches(line.at, line.level, question)) continue;
      const shown = renderLine(line);
      if (question.contains && !shown.toLowerCase().includes(question.contains.toLowerCase())) continue;
      matching += 1;
      const template = miner.add(line.message, line.level);
      const known = groups.get(template.id);
      const group = known ?? {
        text: template.text,
        level: line.level,
        first: line.at,
        last: line.at,
        before: 0,
        during: 0,
      };
      if (!known) groups.set(template.id, group);
      group.last = line.at;
      if (line.at < incidentFrom) group.before += 1;
      else group.during += 1;
      lines.push(shown);
      if (lines.length > mostLines) lines.shift();
    }
  }
  if (matching === 0) return `None of ${total} lines match.`;
  const ranked = [...groups.values()].sort((a, b) => b.during + b.before - (a.during + a.before));
  return fitLines([
    `${matching} of ${total} lines match, in ${ranked.length} templates:`,
    ...ranked.slice(0, mostTemplates).map(renderGroup),
    `The newest ${lines.length}:`,
    ...lines.toReversed(),
  ]);
}

function renderGroup({ text, level, first, last, before, during }: Group): string {
  return cleanText(`${level} ${text()}: ${before} before the incident, ${during} during it, ${first} to ${last}`, 700);
}

function matches(at: string, level: string, { level: wanted, from, to }: LogQuestion): boolean {
  return (
    (wanted === undefined || level === wanted) && (from === undefined || at >= from) && (to === undefined || at < to)
  );
}
