import type { EvidenceBody, LogLine } from '../../domain/evidence/evidence.ts';
import { cleanText } from '../../domain/diagnosis/prompt-text.ts';
import type { ReasonActivities } from '../contract.ts';
import { loadEvidence, type BodyStore } from '../observe/load-evidence.ts';

/** Answers travel through histories and model requests, so they are short. */
const longestAnswer = 12_000;

/** Answers an engine's question: the body as lines, only those that contain the text asked for, cut to a limit that is said. */
export function createReadEvidence({
  store,
}: {
  readonly store: Pick<BodyStore, 'get'>;
}): ReasonActivities['readEvidence'] {
  return async ({ evidence, call }) => {
    const item = evidence.find((one) => one.id === call.evidenceId);
    if (!item)
      return { id: call.id, text: 'There is no evidence with this id. Ask only for ids that the incident lists.' };
    const [loaded] = await loadEvidence(store, [item]);
    if (!loaded?.body) {
      const { outcome, reason } = loaded?.evidence ?? item;
      return {
        id: call.id,
        text: `This evidence has no body: ${outcome}${reason === undefined ? '' : `, ${reason}`}.`,
      };
    }
    const lines = renderBody(loaded.body);
    const wanted = call.contains?.toLowerCase();
    const chosen =
      wanted === undefined || wanted === '' ? lines : lines.filter((line) => line.toLowerCase().includes(wanted));
    return { id: call.id, text: cut(chosen, lines.length) };
  };
}

function cut(lines: readonly string[], total: number): string {
  const kept: string[] = [];
  let length = 0;
  for (const line of lines) {
    if (length + line.length > longestAnswer) break;
    kept.push(line);
    length += line.length + 1;
  }
  if (lines.length === 0) return `None of ${total} lines match.`;
  return kept.length === lines.length
    ? kept.join('\n')
    : `${kept.join('\n')}\n(${kept.length} of ${lines.length} lines shown; ask for a text that they contain)`;
}

function renderBody(body: EvidenceBody): readonly string[] {
  switch (body.kind) {
    case 'logs':
      return body.lines.map(renderLine);
    case 'metrics':
      return body.series.map((series) =>
        cleanText(
          `${series.name} ${JSON.stringify(series.labels)}: ${series.points.map(([at, value]) => `${at}=${value}`).join(' ')}`,
          4_000,
        ),
      );
    case 'changes':
      return body.changes.flatMap((change) => [
        cleanText(`commit ${change.id} ${change.at} ${change.author}: ${change.subject}`, 500),
        ...change.files.flatMap((file) => [
          `file ${cleanText(file.path, 300)}`,
          ...file.diff.split('\n').map((line) => cleanText(line, 400)),
        ]),
      ]);
    case 'deploys':
      return body.deploys.map((deploy) =>
        cleanText(
          `deploy ${deploy.id} ${deploy.at} ${deploy.revision} previous ${deploy.previous ?? 'unknown'} ${deploy.status}`,
          400,
        ),
      );
    case 'traces':
      return body.spans.map((span) =>
        cleanText(
          `span ${span.at} ${span.service} ${span.name} ${span.durationMs} ms ${span.status} trace ${span.traceId} id ${span.id} parent ${span.parentId ?? 'none'}${renderFields(span.fields)}`,
          1_000,
        ),
      );
    case 'flags':
      return body.flags.map((flag) =>
        cleanText(
          `flag ${flag.id} ${flag.at} ${flag.flag} from ${flag.from ?? 'unknown'} to ${flag.to ?? 'unknown'}`,
          400,
        ),
      );
    case 'events':
      return body.events.map((event) =>
        cleanText(
          `event ${event.at} ${event.severity} ${event.object} ${event.reason ?? ''} x${event.count ?? 1}: ${event.message}`,
          1_000,
        ),
      );
    case 'lessons':
      return body.lessons.flatMap((lesson) => [
        `lesson ${cleanText(lesson.id, 200)}`,
        ...lesson.text.split('\n').map((line) => cleanText(line, 400)),
      ]);
  }
}

function renderLine(line: LogLine): string {
  return cleanText(`${line.at} ${line.level} ${line.message}${renderFields(line.fields)}`, 1_000);
}

function renderFields(fields: LogLine['fields']): string {
  return Object.keys(fields).length === 0 ? '' : ` ${JSON.stringify(fields)}`;
}
