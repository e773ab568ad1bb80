import type { FlagRecords } from '../../adapters/flag-records.ts';
import { isWithin } from '../../domain/evidence/deploys.ts';
import { redactDeep } from '../../domain/redaction.ts';
import type { ServiceSettings } from '../../domain/settings.ts';
import { countOf } from '../../domain/text.ts';
import type { ObserveActivities } from '../contract.ts';
import { noteBadLines } from './note-bad-lines.ts';
import { notConfigured, recordEvidence, type EvidencePorts } from './record-evidence.ts';

export interface CollectFlagsPorts extends EvidencePorts {
  readonly services: Readonly<Record<string, Pick<ServiceSettings, 'flagsFile'>>>;
  readonly flagRecords: FlagRecords;
}

/** Changes beyond this many are left out, the oldest first. */
const mostFlags = 500;

/** Reads which feature flags and settings of a service were changed in the window. */
export function createCollectFlags(ports: CollectFlagsPorts): ObserveActivities['collectFlags'] {
  return async (input) => {
    const file = ports.services[input.service]?.flagsFile;
    const asked = { kind: 'flags', source: `flags ${file ?? ''}`.trim(), query: `service ${input.service}` } as const;
    return recordEvidence(ports, input, asked, async () => {
      if (file === undefined) {
        const remedy = `Add \`flags: { file: … }\` to the service ${input.service} in resident.yaml.`;
        return notConfigured(input.service, 'records of flags', remedy);
      }
      const read = await ports.flagRecords.read(file, input.service);
      const within = read.records.filter(({ at }) => isWithin(input.window, at));
      const flags = within.slice(-mostFlags);
      const cut = flags.length < within.length ? [`kept the newest ${mostFlags} of ${within.length} changes`] : [];
      const notes = [...cut, ...noteBadLines(read)];
      const last = flags.at(-1);
      if (!last) return { outcome: 'empty', summary: 'no flag was changed in the window', notes };
      const values = `${last.from ?? 'unknown'} → ${last.to ?? 'unknown'}`;
      return {
        outcome: 'found',
        summary: `${countOf(within.length, 'change')} of flags; last ${last.flag}: ${values} at ${last.at}`,
        body: redactDeep({ kind: 'flags', service: input.service, flags } as const, ports.redact),
        notes,
      };
    });
  };
}
