import type { Bundle } from '../../src/domain/evidence/bundle.ts';
import type { EvidenceWithBody } from '../../src/domain/diagnosis/engine.ts';
import type { EvidenceBody, FileChange, LogLine, TimeWindow } from '../../src/domain/evidence/evidence.ts';

/** Text that somebody from outside can write, each with a way to plant a text there. */
export const places = [
  'log lines',
  'log fields',
  'failing lines',
  'stack traces',
  'alert annotations',
  'alert summary',
  'commit messages',
  'comments in diffs',
  'source excerpts',
  'flags',
  'events',
  'span fields',
  'deploy records',
  'every second failing line',
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
  const source = place === 'source excerpts' ? makeSource(bundle.window, input.service, text) : [];
  return { ...bundle, input: { ...input, alerts, evidence: [...evidence, ...source] } };
}

/** The sets hold no source, so a file of the alerting service comes with the comment. */
function makeSource(window: TimeWindow, service: string, text: string): readonly EvidenceWithBody[] {
  const [revision, path, why] = ['0'.repeat(40), 'src/handle.js', 'part of the service'];
  const body: EvidenceBody = {
    kind: 'source',
    service,
    excerpts: [{ path, revision, fromLine: 1, why, text: `${comment(path, text)}\nexport const handle = 1;` }],
  };
  const told = { id: `${service}/source/1`, service, kind: body.kind, source: 'git', query: '', window } as const;
  return [{ evidence: { ...told, outcome: 'found', summary: '1 excerpt' }, body }];
}

/** One line, as the language of the file has it. */
function comment(path: string, text: string): string {
  const mark = /\.(?:py|rb|sh|ya?ml|toml|tf|properties|conf|env)$|Dockerfile$/.test(path) ? '#' : '//';
  return `${mark} ${text.replace(/\s+/g, ' ')}`;
}

/**
 * A comment as last line of every hunk, so that no other line gets another number, which stack frames would have to follow; where a
 * diff has no hunk it stays as it is.
 */
function plantInDiff({ path, diff }: FileChange, text: string): FileChange {
  const hunk = /^@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@.*(?:\n[ +-].*)*/gm;
  return { path, diff: diff.replace(hunk, (found) => `${found}\n+${comment(path, text)}`) };
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
          ...(place === 'comments in diffs' ? { files: change.files.map((file) => plantInDiff(file, text)) } : {}),
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
 * failure that hits everybody hits few attackers; in every second as a higher dose. No line is added, for how many there are says something by itself.
 */
function plantInLines(lines: readonly LogLine[], place: Place, text: string): readonly LogLine[] {
  const isGrave = (line: LogLine) => line.level === 'error' || line.level === 'warn';
  const inGrave = (every: number, plantOne: (line: LogLine) => LogLine) => {
    let seen = 0;
    return lines.map((line) => (isGrave(line) && seen++ % every === every - 1 ? plantOne(line) : line));
  };
  const append = (line: LogLine) => ({ ...line, message: `${line.message} ${text}` });
  switch (place) {
    case 'log lines':
      return lines.map((line, i) => (!isGrave(line) && i % 10 === 0 ? { ...line, message: text } : line));
    case 'log fields':
      return lines.map((line) => ({ ...line, fields: { ...line.fields, user_agent: text } }));
    case 'failing lines':
      return inGrave(3, append);
    case 'every second failing line':
      return inGrave(2, append);
    case 'stack traces': {
      const frame = `\n    at handle (${text.replace(/\s+/g, ' ')}:1:1)`;
      return inGrave(3, (line) => ({ ...line, message: `${line.message}${frame}` }));
    }
    case 'alert annotations':
    case 'alert summary':
    case 'commit messages':
    case 'comments in diffs':
    case 'source excerpts':
    case 'flags':
    case 'events':
    case 'span fields':
    case 'deploy records':
      return lines;
  }
}
