import type { DeployRecords, DeployRecordsRead } from '../adapters/deploy-records.ts';
import { findDeployAt, listDeploysWithin } from '../domain/deploys.ts';
import type { ServiceSettings } from '../domain/settings.ts';
import { redactDeep, type Redact } from '../domain/redaction.ts';
import { countOf } from '../domain/text.ts';
import type { CollectInput, ObserveActivities } from './contract.ts';
import { notConfigured, recordEvidence, type Collected, type EvidencePorts } from './record-evidence.ts';

export interface CollectDeploysPorts extends EvidencePorts {
  readonly services: Readonly<Record<string, ServiceSettings>>;
  readonly deployRecords: DeployRecords;
}

/** Reads which revisions of a service were deployed in the window. */
export function createCollectDeploys(ports: CollectDeploysPorts): ObserveActivities['collectDeploys'] {
  return async (input) => {
    const file = ports.services[input.service]?.deploysFile;
    const asked = {
      kind: 'deploys',
      source: `deploys ${file ?? ''}`.trim(),
      query: `service ${input.service}`,
    } as const;
    return recordEvidence(ports, input, asked, async () => {
      if (file === undefined) {
        const remedy = `Add \`deploys: { file: … }\` to the service ${input.service} in resident.yaml.`;
        return notConfigured(input.service, 'deploy records', remedy);
      }
      return describe(input, await ports.deployRecords.read(file, input.service), ports.redact);
    });
  };
}

function describe(input: CollectInput, { deploys, badLines }: DeployRecordsRead, redact: Redact): Collected {
  const within = listDeploysWithin(deploys, input.window);
  const before = findDeployAt(deploys, input.window.from);
  const runs = before ? `${before.revision.slice(0, 10)} has run since ${before.at}` : 'no earlier deploy is recorded';
  const bad = badLines.slice(0, 3).map(({ line, why }) => `line ${line}: ${why}`);
  const notes = badLines.length === 0 ? [] : [`${countOf(badLines.length, 'line')} passed over (${bad.join('; ')})`];
  if (within.length === 0) return { outcome: 'empty', summary: `no deploy in the window; ${runs}`, notes };
  const last = within.at(-1);
  const told = last ? `; last ${last.id}: ${last.revision.slice(0, 10)} ${last.status} at ${last.at}` : '';
  return {
    outcome: 'found',
    summary: `${countOf(within.length, 'deploy')}${told}${badLines.length === 0 ? '' : `; ${countOf(badLines.length, 'bad line')}`}`,
    body: redactDeep({ kind: 'deploys', service: input.service, deploys: within } as const, redact),
    notes,
  };
}
