import type { z } from 'zod';
import type { EvidenceBody, FlagChange } from '../../domain/evidence/evidence.ts';
import { isTime } from './fields.ts';
import type { BodyKind } from './layout.ts';
import {
  changeRecord,
  deployRecord,
  eventRecord,
  flagRecord,
  lessonRecord,
  levels,
  logRecord,
  metricRecord,
  sourceRecord,
  spanRecord,
} from './records.ts';

/** What is known of a body before its first record. */
export interface BodyHead {
  readonly service: string;
  readonly incidentFrom: string;
}

/** The schema of a kind's records. */
export const recordSchemas = {
  logs: logRecord,
  metrics: metricRecord,
  traces: spanRecord,
  changes: changeRecord,
  deploys: deployRecord,
  flags: flagRecord,
  events: eventRecord,
  source: sourceRecord,
  lessons: lessonRecord,
} as const satisfies Record<BodyKind, z.ZodObject>;

type Records = { readonly [K in BodyKind]: readonly z.output<(typeof recordSchemas)[K]>[] };

/** Kinds whose records are gathered as they are; logs are measured instead, and the points of series packed. */
export type HeldKind = Exclude<BodyKind, 'logs' | 'metrics'>;

/** Makes the body of a file's records; what a record leaves to the file's name is filled in. */
export function toBody(kind: HeldKind, head: BodyHead, records: readonly unknown[]): EvidenceBody {
  const { service, incidentFrom } = head;
  const of = <K extends HeldKind>(_kind: K) => records as Records[K];
  switch (kind) {
    case 'traces':
      return { kind, service, incidentFrom, spans: of('traces').map((span) => ({ service, ...span })) };
    case 'changes':
      return { kind, service, changes: of('changes').map((change) => ({ service, ...change })) };
    case 'deploys':
      return {
        kind,
        service,
        deploys: of('deploys').map((deploy, i) => ({ id: `${service}/deploy/${i + 1}`, service, ...deploy })),
      };
    case 'flags':
      return {
        kind,
        service,
        flags: of('flags').map((flag) => toFlagChange(service, flag)),
      };
    case 'events':
      return { kind, service, incidentFrom, events: of('events') };
    case 'source':
      return { kind, service, excerpts: of('source') };
    case 'lessons':
      return { kind, service, lessons: of('lessons') };
  }
}

/** A change of a flag without an id is known by the flag and the time. */
export function toFlagChange(service: string, flag: Records['flags'][number]): FlagChange {
  return { id: `${flag.flag}@${flag.at}`, service, ...flag };
}

const logKeys = new Set(['at', 'level', 'message', 'fields']);

/**
 * True for a log record that is sound as it stands, found without the schema: a bundle may hold a million. Whatever it does not pass goes
 * through the schema, which names the fault.
 */
export function isPlainLogRecord(value: unknown): value is z.output<typeof logRecord> {
  if (typeof value !== 'object' || value === null) return false;
  const { at, level, message, fields } = value as Record<string, unknown>;
  if (typeof message !== 'string' || !isTime(at) || !at.endsWith('Z')) return false;
  if (typeof level !== 'string' || !(levels as readonly string[]).includes(level)) return false;
  for (const key in value) if (!logKeys.has(key)) return false;
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) return false;
  for (const key in fields) {
    const type = typeof (fields as Record<string, unknown>)[key];
    if (type !== 'string' && type !== 'number' && type !== 'boolean') return false;
  }
  return true;
}
