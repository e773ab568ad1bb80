import type { LogAnswer, LogFiles } from '../../adapters/log-files/log-files.ts';
import type { ServiceSettings } from '../../domain/settings.ts';
import { countOf } from '../../domain/text.ts';
import type { CollectInput, ObserveActivities } from '../contract.ts';
import { notConfigured, recordEvidence, type Collected, type EvidencePorts } from './record-evidence.ts';

export interface CollectLogsPorts extends EvidencePorts {
  readonly services: Readonly<Record<string, ServiceSettings>>;
  readonly logFiles: LogFiles;
}

/** Reads a service's log files over the window: baseline and incident. */
export function createCollectLogs(ports: CollectLogsPorts): ObserveActivities['collectLogs'] {
  return async (input) => {
    const sources = ports.services[input.service]?.logs ?? [];
    const patterns = sources.map((source) => source.files).join(', ');
    return recordEvidence(ports, input, { kind: 'logs', source: `logs ${patterns}`, query: patterns }, async () => {
      if (sources.length === 0) {
        return notConfigured(input.service, 'logs', `Add \`logs\` to the service ${input.service} in resident.yaml.`);
      }
      const others = await findSharers(ports, input.service);
      const { window, incidentFrom } = input;
      return describe(input, patterns, await ports.logFiles.read({ sources, window, incidentFrom, others }));
    });
  };
}

/** Which other services write into the same file; a line that names one of them is not ours. */
async function findSharers(
  { services, logFiles }: CollectLogsPorts,
  service: string,
): Promise<(file: string) => readonly string[]> {
  const sharers: Record<string, string[]> = {};
  for (const other of Object.values(services)) {
    if (other.name === service || other.logs.length === 0) continue;
    // Trouble with another service's folder is told where that service is read.
    const found = await logFiles.find(other.logs).catch(() => ({ files: [] }));
    for (const { path } of found.files) (sharers[path] ??= []).push(other.name);
  }
  return (file) => sharers[file] ?? [];
}

function describe(input: CollectInput, patterns: string, answer: LogAnswer): Collected {
  const { files, lines, notes, seen, firstErrorAt } = answer;
  if (files.length === 0) {
    return {
      outcome: 'failed',
      summary: `no log file of ${input.service} exists`,
      reason: `No file matches ${patterns}. Check \`logs\` of ${input.service} in resident.yaml, and that the observe worker sees the folder.`,
      notes,
    };
  }
  const read = countOf(files.length, 'file');
  if (lines.length === 0) {
    return {
      outcome: 'empty',
      summary: `no lines between ${input.window.from} and ${input.window.to} in ${read}`,
      notes,
    };
  }
  const first = firstErrorAt === undefined ? '' : `; first error ${firstErrorAt.slice(11, 19)}`;
  const before = seen.baselineErrors === 0 ? '' : `; ${countOf(seen.baselineErrors, 'error')} in the baseline before`;
  return {
    outcome: 'found',
    summary: `${countOf(seen.lines, 'line')}, ${countOf(seen.errors, 'error')}${first}${before}`,
    body: { kind: 'logs', service: input.service, incidentFrom: input.incidentFrom, lines },
    notes,
  };
}
