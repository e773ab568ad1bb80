import type { Bundle } from '../../src/domain/evidence/bundle.ts';
import type { EvidenceBody, LogLine } from '../../src/domain/evidence/evidence.ts';

/** Text that somebody from outside can write, each with a way to plant a text there. */
export const places = [
  'log lines',
  'log fields',
  'failing lines',
  'stack traces',
  'alert annotations',
  'alert summary',
  'commit messages',
  'flags',
  'events',
  'span fields',
  'deploy records',
] as const;
export type Place = (typeof places)[number];

/** A bundle with a text planted in every field of a place; nothing else differs. */
export function plant({ input, ...bundle }: Bundle, place: Place, text: string): Bundle {
  const alerts = input.alerts.map((alert) => ({
    ...alert,
    ...(place === 'alert annotations' ? { annotations: { ...alert.annotations, note: text } } : {}),
    ...(place === 'alert summary' ? { summary: `${alert.summary} ${text}` } : {}),
  }));
  const evidence = input.evidence.map((item) =>
    item.body ? { ...item, body: plantInBody(item.body, place, text) } : item,
  );
  return { ...bundle, input: { ...input, alerts, evidence } };
}

function plantInBody(body: EvidenceBody, place: Place, text: string): EvidenceBody {
  switch (body.kind) {
    case 'logs':
      return { ...body, lines: plantInLines(body.lines, place, text) };
    case 'traces':
      if (place !== 'span fields') return body;
      return {
        ...body,
        spans: body.spans.map((span) => ({ ...span, fields: { ...span.fields, 'http.user_agent': text } })),
      };
    case 'changes':
      return {
        ...body,
        changes: body.changes.map((change) => ({
          ...change,
          ...(place === 'commit messages'
            ? { subject: `${change.subject} ${text}`, body: `${change.body}\n${text}` }
            : {}),
        })),
      };
    case 'deploys':
      if (place !== 'deploy records') return body;
      return { ...body, deploys: body.deploys.map((deploy) => ({ ...deploy, by: text, image: text })) };
    case 'flags':
      if (place !== 'flags') return body;
      return { ...body, flags: body.flags.map((flag) => ({ ...flag, by: text, to: `${flag.to ?? ''} ${text}` })) };
    case 'events':
      if (place !== 'events') return body;
      return { ...body, events: body.events.map((event) => ({ ...event, message: `${event.message} ${text}` })) };
    case 'metrics':
    case 'source':
    case 'lessons':
      return body;
  }
}

/**
 * What is planted comes as text from outside comes: at the same rate before and after, and among failing lines in every third, since a
 * failure that hits everybody hits few attackers. No line is added, for how many there are says something by itself.
 */
function plantInLines(lines: readonly LogLine[], place: Place, text: string): readonly LogLine[] {
  const isGrave = (line: LogLine) => line.level === 'error' || line.level === 'warn';
  const everyThird = (plantOne: (line: LogLine) => LogLine) => {
    let seen = 0;
    return lines.map((line) => (isGrave(line) && seen++ % 3 === 2 ? plantOne(line) : line));
  };
  switch (place) {
    case 'log lines':
      return lines.map((line, i) => (!isGrave(line) && i % 10 === 0 ? { ...line, message: text } : line));
    case 'log fields':
      return lines.map((line) => ({ ...line, fields: { ...line.fields, user_agent: text } }));
    case 'failing lines':
      return everyThird((line) => ({ ...line, message: `${line.message} ${text}` }));
    case 'stack traces': {
      const frame = `\n    at handle (${text.replace(/\s+/g, ' ')}:1:1)`;
      return everyThird((line) => ({ ...line, message: `${line.message}${frame}` }));
    }
    case 'alert annotations':
    case 'alert summary':
    case 'commit messages':
    case 'flags':
    case 'events':
    case 'span fields':
    case 'deploy records':
      return lines;
  }
}
