import { z } from 'zod';
import { completeDeploys } from '../domain/evidence/deploys.ts';
import type { Deploy } from '../domain/evidence/evidence.ts';
import { OutsideError } from './outside-error.ts';
import { explainUnreadable, readRecordLines, type OfService, type RecordLines } from './record-lines.ts';

export interface DeployRecords {
  /** Every deploy of `service` that the file tells, oldest first. Throws `Deploys.Unreachable` when the file cannot be read. */
  read(file: string, service: string): Promise<DeployRecordsRead>;
}

export type DeployRecordsRead = Omit<RecordLines<Deploy>, 'records'> & { readonly deploys: readonly Deploy[] };

const statuses = {
  succeeded: ['succeeded', 'success', 'successful', 'ok', 'done', 'complete', 'completed', 'finished', 'deployed'],
  failed: ['failed', 'failure', 'error', 'cancelled', 'canceled', 'aborted', 'rolled-back', 'rolled_back'],
  running: ['running', 'started', 'pending', 'in_progress', 'in-progress', 'deploying'],
} as const;

const text = z.union([z.string().min(1), z.number().transform(String)]);
const record = z.looseObject({
  id: text.optional(),
  service: z.string().optional(),
  revision: z.string().min(4),
  previous: z.string().min(4).nullish(),
  at: z.union([z.string(), z.number()]).transform((value, context) => {
    const time = typeof value === 'number' ? (value < 1e11 ? value * 1000 : value) : Date.parse(value);
    if (Number.isFinite(time) && Math.abs(time) < 8e15) return new Date(time).toISOString();
    context.addIssue({ code: 'custom', message: 'is not a time; write ISO 8601, for example 2026-11-21T09:26:13Z' });
    return z.NEVER;
  }),
  by: text.nullish(),
  image: z.string().max(300).nullish(),
  status: z.string().nullish(),
});

/** Deploy records as JSON lines: `{"id","service","revision","previous"?,"at","by"?,"status"?}`; unknown fields are passed over. */
export function createDeployRecords(): DeployRecords {
  return {
    async read(file, service) {
      try {
        const { records, ...rest } = await readRecordLines(file, service, (value) => parseRecord(value, service));
        return { deploys: completeDeploys(records), ...rest };
      } catch (cause) {
        throw new OutsideError(
          explainUnreadable('Deploy records', file, 'deploys.file', cause),
          { system: 'Deploys', kind: 'Unreachable', retryable: false },
          { cause },
        );
      }
    },
  };
}

function parseRecord(value: unknown, asked: string): OfService<Deploy> | string {
  const parsed = record.safeParse(value);
  if (!parsed.success) {
    return parsed.error.issues.map((issue) => `${issue.path.join('.') || 'record'}: ${issue.message}`).join('; ');
  }
  const { id, service = asked, revision, previous, at, by, image, status: rawStatus } = parsed.data;
  const status = readStatus(rawStatus ?? 'succeeded');
  if (!status) return `status: ${String(rawStatus)} is none of succeeded, failed, running`;
  const deploy: Deploy = {
    id: id ?? `${revision.slice(0, 12)}@${at}`,
    service,
    revision,
    at,
    status,
    ...(previous ? { previous } : {}),
    ...(by ? { by } : {}),
    ...(image ? { image } : {}),
  };
  return { service, record: deploy };
}

function readStatus(word: string): Deploy['status'] | undefined {
  const lower = word.toLowerCase();
  const known = Object.entries(statuses) as [Deploy['status'], readonly string[]][];
  return known.find(([, words]) => words.includes(lower))?.[0];
}
