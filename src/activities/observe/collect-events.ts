import type { EventRecords } from '../../adapters/event-records.ts';
import type { PlatformEvent, TimeWindow } from '../../domain/evidence/evidence.ts';
import { redactDeep } from '../../domain/redaction.ts';
import type { ServiceSettings } from '../../domain/settings.ts';
import { countOf, toOneLine } from '../../domain/text.ts';
import type { ObserveActivities } from '../contract.ts';
import { noteBadLines } from './note-bad-lines.ts';
import { notConfigured, recordEvidence, type EvidencePorts } from './record-evidence.ts';

export interface CollectEventsPorts extends EvidencePorts {
  readonly services: Readonly<Record<string, Pick<ServiceSettings, 'eventsFile'>>>;
  readonly eventRecords: EventRecords;
}

/** Events beyond this many are left out: first those that only inform, then the oldest. */
const mostEvents = 2_000;

/** Reads what platform, databases and providers said of a service in the window. */
export function createCollectEvents(ports: CollectEventsPorts): ObserveActivities['collectEvents'] {
  return async (input) => {
    const file = ports.services[input.service]?.eventsFile;
    const asked = { kind: 'events', source: `events ${file ?? ''}`.trim(), query: `service ${input.service}` } as const;
    return recordEvidence(ports, input, asked, async () => {
      if (file === undefined) {
        const remedy = `Add \`events: { file: … }\` to the service ${input.service} in resident.yaml.`;
        return notConfigured(input.service, 'records of events', remedy);
      }
      const read = await ports.eventRecords.read(file, input.service);
      const within = read.records.filter((event) => lastsInto(input.window, event));
      const events = cut(within);
      const left = events.length < within.length ? [`kept ${events.length} of ${within.length} events`] : [];
      const notes = [...left, ...noteBadLines(read)];
      if (events.length === 0) return { outcome: 'empty', summary: 'no event in the window', notes };
      const { service, incidentFrom } = input;
      return {
        outcome: 'found',
        summary: tell(within),
        body: redactDeep({ kind: 'events', service, incidentFrom, events } as const, ports.redact),
        notes,
      };
    });
  };
}

/** An event that was repeated counts from its first time to its last. */
function lastsInto({ from, to }: TimeWindow, { at, lastAt = at }: PlatformEvent): boolean {
  return Date.parse(lastAt) >= Date.parse(from) && Date.parse(at) < Date.parse(to);
}

function cut(events: readonly PlatformEvent[]): readonly PlatformEvent[] {
  if (events.length <= mostEvents) return events;
  const grave = events.filter(({ severity }) => severity !== 'info').slice(-mostEvents);
  const others = events.filter(({ severity }) => severity === 'info');
  const room = mostEvents - grave.length;
  return [...grave, ...(room > 0 ? others.slice(-room) : [])].sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
}

function tell(events: readonly PlatformEvent[]): string {
  const grave = events.filter(({ severity }) => severity !== 'info');
  const last = grave.at(-1);
  if (!last) return `${countOf(events.length, 'event')}, none of them a warning or an error`;
  const what = toOneLine(`${last.reason ?? last.severity} of ${last.object}: ${last.message}`, 160);
  return `${countOf(events.length, 'event')}, ${grave.length} of them warnings or errors; last ${what} at ${last.at}`;
}
