import type { FlagChange } from '../domain/evidence/evidence.ts';
import { recordSchemas, toFlagChange } from './bundle/bodies.ts';
import { explainIssues } from './bundle/faults.ts';
import { OutsideError } from './outside-error.ts';
import { explainUnreadable, readRecordLines, type RecordLines } from './record-lines.ts';

export interface FlagRecords {
  /** Every change of a flag of `service` that the file tells, oldest first. Throws `Flags.Unreachable` when the file cannot be read. */
  read(file: string, service: string): Promise<RecordLines<FlagChange>>;
}

/** As a bundle holds them (docs/bundle.md); unknown fields are passed over, since the file is somebody else's. */
const schema = recordSchemas.flags.strip();

/** Changes of flags as JSON lines: `{"flag","at","service"?,"from"?,"to"?,"by"?,"id"?}`. */
export function createFlagRecords(): FlagRecords {
  return {
    async read(file, service) {
      try {
        const read = await readRecordLines(file, service, (value) => {
          const parsed = schema.safeParse(value, { reportInput: true });
          if (!parsed.success) return explainIssues(parsed.error.issues, Object.keys(schema.shape)).join('; ');
          const record = toFlagChange(service, parsed.data);
          return { service: record.service, record };
        });
        return { ...read, records: read.records.toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at)) };
      } catch (cause) {
        throw new OutsideError(
          explainUnreadable('Records of flags', file, 'flags.file', cause),
          { system: 'Flags', kind: 'Unreachable', retryable: false },
          { cause },
        );
      }
    },
  };
}
