import type { EvidenceWithBody } from '../../diagnosis/engine.ts';
import type { PlatformEvent } from '../../evidence/evidence.ts';
import type { LogPattern } from '../logs/patterns.ts';
import type { Condition, ConditionKind, ConditionSign } from './conditions.ts';
import { readWords } from './series-words.ts';

/** An event with where it came from. */
export interface SeenEvent {
  readonly event: PlatformEvent;
  readonly service: string;
  readonly evidenceId: string;
}

/** A sign with the row that it fits, and the event where one tells of it. */
export interface Found {
  readonly kind: ConditionKind;
  readonly service: string;
  readonly sign: ConditionSign;
  readonly event?: SeenEvent;
}

/** The kubelet acts after three failures in a row by default, so one or two that were long ago did nothing. */
const fewestFailedProbes = 3;
const settledMs = 120_000;

/** A probe that failed once or twice, and not just now. */
export function isBlip({ kind, signs }: Condition, evidence: readonly EvidenceWithBody[]): boolean {
  if (kind.id !== 'probe-failing') return false;
  const times = signs.reduce((sum, sign) => sum + sign.count, 0);
  const ids = new Set(signs.map((sign) => sign.evidenceId));
  const ends = evidence.filter((item) => ids.has(item.evidence.id)).map((item) => Date.parse(item.evidence.window.to));
  const lastMs = Math.max(...signs.map((sign) => Date.parse(sign.lastAt ?? sign.firstAt)));
  return times < fewestFailedProbes && lastMs < Math.min(...ends) - settledMs;
}

/**
 * What is routine counts beside an effect of it; what a provider tells everybody, where lines that fail here name it.
 * Our own rule. O(f + p) for f findings and p patterns, and O(points) for a limit of connections.
 */
export function isMeant(
  { kind, sign }: Found,
  found: readonly Found[],
  patterns: readonly LogPattern[],
  evidence: readonly EvidenceWithBody[],
): boolean {
  if (kind.needsEffect === true)
    return found.some((other) => kind.explains.includes(other.kind.id)) && isReached(sign, evidence);
  if (kind.isHearsay !== true) return true;
  const names = readNames(sign.object);
  return patterns.some(
    ({ level, template, examples }) =>
      (level === 'error' || level === 'warn') &&
      names.some((name) => name.test(`${template}\n${examples[0]?.message ?? ''}`)),
  );
}

/** A limit of connections that was set to what clients had open before, or to less; without a series of them that is not known. */
function isReached(sign: ConditionSign, evidence: readonly EvidenceWithBody[]): boolean {
  const limit = Number(/connections\D{0,24}(\d+)/i.exec(sign.text)?.[1] ?? 0);
  const open = evidence.flatMap(({ body }) =>
    body?.kind !== 'metrics'
      ? []
      : body.series
          .filter(({ name }) => /connections?$/.test(readWords(name)))
          .map(({ points }) => points.filter(([at], i) => i === 0 || at < body.incidentFrom).map(([, value]) => value)),
  );
  return open.length === 0 || open.some((values) => Math.max(...values) >= 0.9 * limit);
}

/** Events that no row decides: those put aside that are not routine, and a provider's, which others may read in their own way. */
export function listUndecided(found: readonly Found[], aside: readonly Found[]): readonly SeenEvent[] {
  return found
    .filter((item) => item.kind.isHearsay === true || (aside.includes(item) && item.event?.event.severity !== 'info'))
    .flatMap(({ event }) => event ?? []);
}

const everyProviders =
  /^(service|services|cloud|api|apis|status|page|region|platform|the|and|for|incident|web|us|eu)$/i;

/** The words of a provider's name that can tell it from others, as patterns: `AWS S3 (eu-1)` gives `aws` and `s3`. */
function readNames(object: string): readonly RegExp[] {
  return object
    .replace(/\([^)]*\)|\b[a-z]{2}-[a-z]+-\d\b/gi, ' ')
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word.length > 1 && !everyProviders.test(word) && !/^\d+$/.test(word))
    .map((word) => new RegExp(`(?<![A-Za-z0-9])${word}(?![a-z0-9])`, 'i'));
}
