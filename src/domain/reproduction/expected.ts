import { findLogPatterns, type LogPattern } from '../analysis/logs/patterns.ts';
import { withoutFrames } from '../analysis/traces.ts';
import type { EvidenceWithBody } from '../diagnosis/engine.ts';
import type { LogLine } from '../evidence/evidence.ts';
import type { FailureSignature } from './reproduction.ts';
import { readFailures, toKept, toLines } from './signature.ts';
import { countWords, readStatus, toTemplate } from './templates.ts';

const mostSignatures = 10;
const examplesOfPattern = 2;
const typeKey = /(?:^|[._-])(?:err(?:or)?|exc(?:eption)?)[._-]?(?:type|name|class|kind)$|(?:^|[._-])exception$/i;
const messageKey = /(?:^|[._-])(?:err(?:or)?|exc(?:eption)?|cause|reason)(?:[._-](?:message|msg|text|value))?$/i;
const stackKey = /(?:^|[._-])(?:stack|stack_?trace|trace(?:back)?|exc_info)$/i;

/**
 * What production's failure looks like: the errors in the logs that are new in the incident, or far more frequent than before,
 * the most telling first, at most ten. Frames are as production prints them; its folders need not be the repository's.
 */
export function readSignatures(items: readonly EvidenceWithBody[]): readonly FailureSignature[] {
  const patterns = items.flatMap(({ evidence, body }) =>
    body?.kind === 'logs' ? findLogPatterns(evidence, body) : [],
  );
  // A request line is often written at level info, whatever it answered.
  const telling = patterns.filter(({ level, status = 0 }) => level === 'error' || level === 'warn' || status >= 500);
  const rank = ({ level, kind, weight }: LogPattern) => (kind === 'new' ? 2 : 0) + (level === 'error' ? 1 : 0) + weight;
  const signatures = telling
    .sort((one, other) => rank(other) - rank(one))
    .flatMap((pattern) => pattern.examples.slice(0, examplesOfPattern).flatMap((line) => readLine(line, pattern)));
  const known = new Map<string, FailureSignature>();
  for (const signature of signatures) {
    const key = `${signature.type}\0${signature.template}\0${signature.status}`;
    if ((known.get(key)?.frames.length ?? -1) < signature.frames.length) known.set(key, signature);
  }
  return [...known.values()].slice(0, mostSignatures);
}

/** What a line says itself, and the error that it carries in its fields or below its first line. */
function readLine(line: LogLine, { service, status: agreed }: LogPattern): readonly FailureSignature[] {
  const fields = Object.entries(line.fields);
  const find = (key: RegExp) => fields.find(([name, value]) => key.test(name) && typeof value === 'string')?.[1];
  const stack = [line.message, find(stackKey) ?? ''].join('\n');
  const traced = stack.includes('\n') ? readFailures(toLines(stack)).map(toKept) : [];
  const type = find(typeKey);
  const carried = find(messageKey);
  const said = withoutFrames(line.message).split('\n')[0] ?? '';
  const frames = traced[0]?.frames ?? [];
  const own = [
    ...(carried === undefined ? [] : [makeSignature(String(carried), agreed, type, frames)]),
    makeSignature(said, agreed, carried === undefined ? type : undefined, carried === undefined ? frames : []),
  ];
  return [...traced, ...own]
    .filter(
      ({ template, type: name, status }) => countWords(template) > 0 || name !== undefined || status !== undefined,
    )
    .map((signature) => ({ ...signature, frames: signature.frames.map((frame) => ({ ...frame, service })) }));
}

function makeSignature(
  message: string,
  agreed: number | undefined,
  type: string | number | boolean | undefined,
  frames: FailureSignature['frames'],
): FailureSignature {
  const status = readStatus(message) ?? agreed;
  return {
    ...(typeof type === 'string' && type !== '' ? { type: type.slice(0, 100) } : {}),
    template: toTemplate(message),
    frames,
    ...(status === undefined ? {} : { status }),
  };
}
