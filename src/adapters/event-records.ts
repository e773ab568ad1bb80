import type { PlatformEvent } from '../domain/evidence/evidence.ts';
import { recordSchemas } from './bundle/bodies.ts';
import { explainIssues } from './bundle/faults.ts';
import { OutsideError } from './outside-error.ts';
import { explainUnreadable, readRecordLines, type RecordLines } from './record-lines.ts';

export interface EventRecords {
  /** Every event of `service` that the file tells, oldest first. Throws `Events.Unreachable` when the file cannot be read. */
  read(file: string, service: string): Promise<RecordLines<PlatformEvent>>;
}

/** As a bundle holds them (docs/bundle.md), and whom they are about where several services share a file. */
const schema = recordSchemas.events.extend({ service: recordSchemas.flags.shape.service }).strip();

/** Events of the platform as JSON lines: `{"at","object","message","service"?,"severity"?,"reason"?,"count"?,"lastAt"?}`. */
export function createEventRecords(): EventRecords {
  return {
    async read(file, service) {
      try {
        const read = await readRecordLines(file, service, (value) => {
          const parsed = schema.safeParse(value, { reportInput: true });
          if (!parsed.success) return explainIssues(parsed.error.issues, Object.keys(schema.shape)).join('; ');
          const { service: named = service, ...record } = parsed.data;
          return { service: named, record };
        });
        return { ...read, records: read.records.toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at)) };
      } catch (cause) {
        throw new OutsideError(
          explainUnreadable('Events', file, 'events.file', cause),
          { system: 'Events', kind: 'Unreachable', retryable: false },
          { cause },
        );
      }
    },
  };
}
