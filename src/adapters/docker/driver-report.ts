import { z } from 'zod';
import type { ReplayAnswer } from '../../domain/reproduction/replay.ts';

const name = z.string().max(200);
const durationMs = z.number().min(0).max(86_400_000);
const detail = z.string().max(500);

/** What driver.js may say. Its surroundings are under the code's control, so nothing else is read from it. */
const driverLine = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('listening') }),
  z.strictObject({ kind: z.literal('trouble'), detail }),
  z.strictObject({
    kind: z.literal('asked'),
    service: name,
    method: z.string().max(20),
    path: z.string().max(500),
    status: z.int().min(100).max(599),
  }),
  z.strictObject({ kind: z.literal('ready'), service: name }),
  z.strictObject({ kind: z.literal('not-ready'), service: name, detail }),
  z.strictObject({
    kind: z.literal('answered'),
    status: z.int().min(100).max(999),
    durationMs,
    contentType: z.string().max(200),
    body: z.string().max(4_000),
  }),
  z.strictObject({ kind: z.enum(['broken', 'silent']), durationMs, detail }),
]);

export type DriverLine = z.infer<typeof driverLine>;
export type AskedStandIn = Omit<Extract<DriverLine, { kind: 'asked' }>, 'kind'>;

export interface DriverReport {
  readonly answer?: ReplayAnswer;
  /** Services that said in time that they are up. */
  readonly ready: readonly string[];
  readonly notReady: readonly { readonly service: string; readonly detail: string }[];
  readonly asked: readonly AskedStandIn[];
  /** What is wrong with the report itself: then nothing in it is believed. */
  readonly fault?: string;
}

const longestLine = 20_000;
const mostLines = 1_000;

/** Reads one line as it arrives; undefined when it is not one of ours. */
export function readDriverLine(text: string): DriverLine | undefined {
  if (text.length > longestLine) return undefined;
  try {
    return driverLine.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Reads all that the driver said. One line that is not its own, or two answers, and none of it counts. */
export function readDriverReport(output: string): DriverReport {
  const texts = output.split('\n').filter((text) => text !== '');
  const nothing = { ready: [], notReady: [], asked: [] };
  if (texts.length > mostLines) return { ...nothing, fault: `it wrote ${texts.length} lines` };
  const lines: DriverLine[] = [];
  for (const text of texts) {
    const line = readDriverLine(text);
    if (!line)
      return { ...nothing, fault: `it wrote a line that is none of its own: ${JSON.stringify(text.slice(0, 120))}` };
    lines.push(line);
  }
  const answers = lines.filter(isAnswer);
  if (answers.length > 1) return { ...nothing, fault: `it told ${answers.length} answers to one request` };
  const trouble = lines.find((line) => line.kind === 'trouble');
  const [answer] = answers;
  return {
    ready: lines.flatMap((line) => (line.kind === 'ready' ? [line.service] : [])),
    notReady: lines.filter((line) => line.kind === 'not-ready').map(({ service, detail }) => ({ service, detail })),
    asked: lines.filter((line) => line.kind === 'asked').map(({ kind: _kind, ...rest }) => rest),
    ...(answer ? { answer } : {}),
    ...(trouble ? { fault: trouble.detail } : {}),
  };
}

function isAnswer(line: DriverLine): line is Extract<DriverLine, { kind: 'answered' | 'broken' | 'silent' }> {
  return line.kind === 'answered' || line.kind === 'broken' || line.kind === 'silent';
}

/** Calls back with each whole line of a stream of bytes. */
export function splitLines(onLine: (line: string) => void): (bytes: Buffer) => void {
  let rest = '';
  return (bytes) => {
    const parts = (rest + bytes.toString('utf8')).split('\n');
    rest = (parts.pop() ?? '').slice(0, longestLine + 1);
    parts.forEach(onLine);
  };
}
