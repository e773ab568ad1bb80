import type { Finding } from '../diagnosis/diagnosis.ts';
import type { FlagChange } from '../evidence/evidence.ts';
import type { Facts } from './facts.ts';
import { findOnset } from './suspicion.ts';

/** A finding without its place in a report. */
export type FindingDraft = Omit<Finding, 'id' | 'service'>;

const most = { signs: 5, flags: 5, events: 6 } as const;
/** Signs below this say hardly anything of a service. */
const leastStrength = 0.1;

/** What traces, flags and events tell of a service, beside its logs, metrics and changes. */
export function describeFurther(facts: Facts, service: string): readonly FindingDraft[] {
  return [...describeSpans(facts, service), ...describeFlags(facts, service), ...describeEvents(facts, service)];
}

/** Services that its traces hold something against, most suspect first. */
export function listAccusedBySpans(facts: Facts, service: string): readonly string[] {
  return listSigns(facts).flatMap((sign) => (sign.service === service ? [] : [sign.service]));
}

/** The most telling sign of its traces in words; undefined where they hold nothing against it. */
export function tellSpans(facts: Facts, service: string): string | undefined {
  return listSigns(facts).find((sign) => sign.service === service)?.why;
}

function listSigns({ spanSigns }: Facts): Facts['spanSigns'] {
  return spanSigns.filter(({ strength, evidenceIds }) => strength >= leastStrength && evidenceIds.length > 0);
}

function describeSpans(facts: Facts, service: string): readonly FindingDraft[] {
  return listSigns(facts)
    .slice(0, most.signs)
    .map((sign) => ({
      kind: 'trace',
      claim: { text: `In its traces ${sign.why}.`, evidence: sign.evidenceIds },
      firstAt: sign.firstAt,
      weight: Math.min(1, sign.strength),
      ...(sign.service === service ? {} : { pointsTo: sign.service }),
    }));
}

function describeFlags(facts: Facts, service: string): readonly FindingDraft[] {
  const onsetMs = findOnset(facts, service);
  return facts.flags
    .filter(({ value }) => value.service === service)
    .slice(-most.flags)
    .map(({ value, evidenceId }) => ({
      kind: 'flag',
      claim: { text: `${tellFlag(value)}${tellLead(onsetMs, value.at)}.`, evidence: [evidenceId] },
      firstAt: value.at,
      weight: onsetMs !== undefined && Date.parse(value.at) <= onsetMs ? 0.4 : 0.1,
      subject: value.id,
    }));
}

function tellFlag({ flag, from, to, at, by }: FlagChange): string {
  const value = (text: string | undefined) => (text === undefined ? 'an unknown value' : quote(text));
  return `Flag ${quote(flag)} was changed from ${value(from)} to ${value(to)} at ${at}${by === undefined ? '' : ` by ${quote(by)}`}`;
}

/** `, 3 min before its failure began`; empty where it does not fail. */
export function tellLead(onsetMs: number | undefined, at: string): string {
  if (onsetMs === undefined) return '';
  const leadMs = onsetMs - Date.parse(at);
  return `, ${Math.abs(Math.round(leadMs / 60_000))} min ${leadMs >= 0 ? 'before' : 'after'} its failure began`;
}

/** States that the platform's events show, most certain first, then its newest warnings and errors that no table knows. */
function describeEvents({ surroundings }: Facts, service: string): readonly FindingDraft[] {
  const states = surroundings.conditions.flatMap((condition): readonly FindingDraft[] => {
    const [sign] = condition.signs.filter(({ from }) => from === 'event');
    if (condition.service !== service || !sign) return [];
    const claim = { text: tellEvent(sign.object, sign.firstAt, sign.text, sign.reason), evidence: [sign.evidenceId] };
    return [{ kind: 'event', claim, firstAt: sign.firstAt, weight: condition.strength, subject: sign.object }];
  });
  // Of those that repeat the last stands for all.
  const others = new Map(
    surroundings.unclear
      .filter((item) => item.service === service)
      .map((item) => [`${item.event.reason ?? ''} ${item.event.object} ${item.event.message}`, item]),
  );
  const unclear = [...others.values()].reverse().map(({ event, evidenceId }): FindingDraft => ({
    kind: 'event',
    claim: { text: tellEvent(event.object, event.at, event.message, event.reason), evidence: [evidenceId] },
    firstAt: event.at,
    weight: event.severity === 'error' ? 0.3 : 0.2,
    subject: event.object,
  }));
  return [...states.sort((a, b) => b.weight - a.weight), ...unclear].slice(0, most.events);
}

function tellEvent(object: string, at: string, message: string, reason: string | undefined): string {
  return `The platform tells of ${quote(object)} at ${at}: ${reason === undefined ? '' : `${quote(reason)}, `}${quote(message)}.`;
}

const quote = (text: string): string => `\`${text.slice(0, 200).replaceAll('`', "'")}\``;
