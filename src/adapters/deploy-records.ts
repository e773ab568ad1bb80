import { open } from 'node:fs/promises';
import { z } from 'zod';
import { completeDeploys } from '../domain/evidence/deploys.ts';
import type { Deploy } from '../domain/evidence/evidence.ts';
import { OutsideError } from './outside-error.ts';

export interface DeployRecords {
  /** Every deploy of `service` that the file tells, oldest first. Throws `Deploys.Unreachable` when the file cannot be read. */
  read(file: string, service: string): Promise<DeployRecordsRead>;
}

export interface DeployRecordsRead {
  readonly deploys: readonly Deploy[];
  /** Lines that are no deploy record, with why; they are never guessed at. */
  readonly badLines: readonly { readonly line: number; readonly why: string }[];
  /** Lines of other services. */
  readonly others: number;
}

/** Only the end of a longer file is read: the newest deploys matter. */
const maxBytes = 8_000_000;

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
      const lines = (await readTail(file)).split('\n');
      const deploys: Deploy[] = [];
      const badLines: { line: number; why: string }[] = [];
      let others = 0;
      lines.forEach((line, index) => {
        if (line.trim() === '') return;
        const parsed = parseRecord(line, service);
        if (typeof parsed === 'string') badLines.push({ line: index + 1, why: parsed });
        else if (parsed.service === service) deploys.push(parsed);
        else others += 1;
      });
      return { deploys: completeDeploys(deploys), badLines, others };
    },
  };
}

function parseRecord(line: string, service: string): Deploy | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return 'is not JSON (half written?)';
  }
  const parsed = record.safeParse(value);
  if (!parsed.success) {
    return parsed.error.issues.map((issue) => `${issue.path.join('.') || 'record'}: ${issue.message}`).join('; ');
  }
  const { id, revision, previous, at, by, image, status: rawStatus } = parsed.data;
  const status = readStatus(rawStatus ?? 'succeeded');
  if (!status) return `status: ${String(rawStatus)} is none of succeeded, failed, running`;
  return {
    id: id ?? `${revision.slice(0, 12)}@${at}`,
    service: parsed.data.service ?? service,
    revision,
    at,
    status,
    ...(previous ? { previous } : {}),
    ...(by ? { by } : {}),
    ...(image ? { image } : {}),
  };
}

function readStatus(word: string): Deploy['status'] | undefined {
  const lower = word.toLowerCase();
  const known = Object.entries(statuses) as [Deploy['status'], readonly string[]][];
  return known.find(([, words]) => words.includes(lower))?.[0];
}

async function readTail(file: string): Promise<string> {
  try {
    const handle = await open(file, 'r');
    try {
      const { size } = await handle.stat();
      const start = Math.max(0, size - maxBytes);
      const buffer = Buffer.alloc(size - start);
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, start);
      const content = buffer.subarray(0, bytesRead).toString('utf8');
      return start === 0 ? content : content.slice(content.indexOf('\n') + 1);
    } finally {
      await handle.close();
    }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new OutsideError(
      `Deploy records ${file} cannot be read: ${why}. Check \`deploys.file\` of the service in resident.yaml.`,
      { system: 'Deploys', kind: 'Unreachable', retryable: false },
      { cause },
    );
  }
}
