import type {
  Change,
  Deploy,
  EvidenceBody,
  FlagChange,
  LogLine,
  MetricSeries,
  PlatformEvent,
  Span,
} from '../../evidence/evidence.ts';
import { cleanText } from '../prompt-text.ts';

/** Every record of a body on lines of its own, made safe to show to a model. */
export function renderBody(body: EvidenceBody): readonly string[] {
  switch (body.kind) {
    case 'logs':
      return body.lines.map(renderLine);
    case 'metrics':
      return body.series.map(renderSeries);
    case 'traces':
      return body.spans.map(renderSpan);
    case 'changes':
      return body.changes.flatMap(renderChange);
    case 'deploys':
      return body.deploys.map(renderDeploy);
    case 'flags':
      return body.flags.map(renderFlag);
    case 'events':
      return body.events.map(renderEvent);
    case 'source':
      return body.excerpts.flatMap(({ path, fromLine, text, why }) => [
        cleanText(`file ${path} (${why})`, 400),
        ...text.split('\n').map((line, i) => cleanText(`${fromLine + i}: ${line}`, 400)),
      ]);
    case 'lessons':
      return body.lessons.flatMap((lesson) => [
        `lesson ${cleanText(lesson.id, 200)}`,
        ...lesson.text.split('\n').map((line) => cleanText(line, 400)),
      ]);
  }
}

export function renderLine({ at, level, message, fields }: LogLine): string {
  return cleanText(`${at} ${level} ${message}${renderFields(fields)}`, 1_000);
}

/** A series with all its points. */
export function renderSeries({ name, labels, points }: MetricSeries): string {
  return cleanText(
    `${name} ${JSON.stringify(labels)}: ${points.map(([at, value]) => `${at}=${value}`).join(' ')}`,
    4_000,
  );
}

export function renderSpan(span: Span): string {
  const { at, service, name, durationMs, status, traceId, id, parentId = 'none', fields } = span;
  return cleanText(
    `${at} ${service} ${name} ${durationMs} ms ${status}, trace ${traceId}, span ${id}, parent ${parentId}${renderFields(fields)}`,
    1_000,
  );
}

/** The head of a commit, then each file with the lines of its diff. */
export function renderChange(change: Change): readonly string[] {
  return [
    renderChangeHead(change),
    ...change.files.flatMap((file) => [
      `file ${cleanText(file.path, 300)}`,
      ...file.diff.split('\n').map((line) => cleanText(line, 400)),
    ]),
  ];
}

export function renderChangeHead({ id, at, author, subject }: Change): string {
  return cleanText(`commit ${id} ${at} ${author}: ${subject}`, 500);
}

export function renderDeploy({ id, at, revision, previous = 'unknown', status }: Deploy): string {
  return cleanText(`deploy ${id} ${at} ${revision} previous ${previous} ${status}`, 400);
}

export function renderFlag({ id, at, flag, from = 'unknown', to = 'unknown' }: FlagChange): string {
  return cleanText(`flag ${id} ${at} ${flag} from ${from} to ${to}`, 400);
}

export function renderEvent({ at, severity, object, reason = '', count = 1, message }: PlatformEvent): string {
  return cleanText(`${at} ${severity} ${object} ${reason} x${count}: ${message}`, 1_000);
}

function renderFields(fields: LogLine['fields']): string {
  return Object.keys(fields).length === 0 ? '' : ` ${JSON.stringify(fields)}`;
}
