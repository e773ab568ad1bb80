import type { Alert, Severity } from './alert.ts';
import type { Decision } from '../plan/plan.ts';

// Signals and updates can be sent by anybody, with anything in them. A handler that throws would fail the workflow task again
// and again, and the incident with it, so every message is read here first. All functions are total.

const maxNameLength = 200;
const maxTextLength = 4_000;

type Fields = Readonly<Record<string, unknown>>;

/** A message that cannot be read, and what it should have been. */
export interface Unreadable {
  readonly fault: string;
}

export function isUnreadable(value: object): value is Unreadable {
  return 'fault' in value;
}

/** @param wanted the decision that a signal stands for; undefined for an update, which says it itself. */
export function readDecision(input: unknown, wanted?: Decision['decision']): Decision | Unreadable {
  const fields = readFields(input);
  const example = `Send {"planDigest": "<digest>", "by": "<you>"${wanted === 'approve' ? '' : ', "reason": "<why>"'}}.`;
  if (!fields) return { fault: `A decision is an object. ${example}` };
  const decision = wanted ?? fields['decision'];
  if (decision !== 'approve' && decision !== 'reject') return { fault: 'A decision is `approve` or `reject`.' };
  const planDigest = readText(fields['planDigest'], maxNameLength);
  const by = readText(fields['by'], maxNameLength);
  if (!planDigest) return { fault: `The decision does not say about which plan. ${example}` };
  if (!by) return { fault: `The decision does not say who made it. ${example}` };
  const reason = readText(fields['reason'] ?? fields['comment'], maxTextLength);
  if (decision === 'reject' && !reason)
    return { fault: `A rejection needs a reason, which goes into the next round. ${example}` };
  return { planDigest, by, decision, ...(reason ? { reason } : {}) };
}

export function readSteer(input: unknown): { readonly by: string; readonly text: string } | Unreadable {
  const fields = readFields(input);
  const by = readText(fields?.['by'], maxNameLength);
  const text = readText(fields?.['text'], maxTextLength);
  if (!by || !text) return { fault: 'A hint is {"by": "<you>", "text": "<hint>"}.' };
  return { by, text };
}

/**
 * Alerts of one signal: one, or a list. What is missing is filled in, so that an alert sent by hand counts too; without a name it
 * is no alert.
 * @param service the service of the incident
 * @param now ISO time, for alerts that do not tell theirs
 */
export function readAlerts(
  input: unknown,
  service: string,
  now: string,
): { readonly alerts: readonly Alert[]; readonly faults: readonly string[] } {
  const items: readonly unknown[] = Array.isArray(input) ? input : [input];
  const read = items.map((item) => readAlert(item, service, now));
  return {
    alerts: read.filter((item): item is Alert => !isUnreadable(item)),
    faults: read.filter(isUnreadable).map(({ fault }) => fault),
  };
}

function readAlert(input: unknown, service: string, now: string): Alert | Unreadable {
  const fields = readFields(input);
  const name = readText(fields?.['name'], maxNameLength);
  if (!fields || !name) return { fault: 'An alert is an object with at least a `name`.' };
  const told = (key: string): string | undefined => readText(fields[key], maxTextLength);
  const status = fields['status'] === 'resolved' ? 'resolved' : 'firing';
  const startsAt = readTime(fields['startsAt']) ?? now;
  const endsAt = readTime(fields['endsAt']);
  const fingerprint = told('fingerprint') ?? name;
  const expression = told('expression');
  const generatorUrl = told('generatorUrl');
  const { truncatedAlerts } = fields;
  return {
    id: told('id') ?? [fingerprint, startsAt, status].join('|'),
    sender: told('sender') ?? 'unknown',
    fingerprint,
    status,
    name,
    service: told('service') ?? service,
    severity: readSeverity(fields['severity']),
    summary: told('summary') ?? name,
    labels: readTexts(fields['labels']),
    annotations: readTexts(fields['annotations']),
    startsAt,
    ...(endsAt === undefined ? {} : { endsAt }),
    receivedAt: readTime(fields['receivedAt']) ?? now,
    ...(expression === undefined ? {} : { expression }),
    ...(generatorUrl === undefined ? {} : { generatorUrl }),
    ...(typeof truncatedAlerts === 'number' ? { truncatedAlerts } : {}),
  };
}

function readFields(input: unknown): Fields | undefined {
  return typeof input === 'object' && input !== null && !Array.isArray(input) ? (input as Fields) : undefined;
}

function readText(value: unknown, maxLength: number): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.slice(0, maxLength) : undefined;
}

function readTime(value: unknown): string | undefined {
  return typeof value === 'string' && Number.isFinite(Date.parse(value)) ? value : undefined;
}

function readSeverity(value: unknown): Severity {
  return value === 'critical' || value === 'info' ? value : 'warning';
}

function readTexts(value: unknown): Readonly<Record<string, string>> {
  const entries = Object.entries(readFields(value) ?? {}).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return Object.fromEntries(entries);
}
