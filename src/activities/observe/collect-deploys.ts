import type { DeployRecords, DeployRecordsRead } from '../../adapters/deploy-records.ts';
import type { Git } from '../../adapters/git/git.ts';
import { findDeployAt, listDeploysWithin } from '../../domain/evidence/deploys.ts';
import type { Deploy } from '../../domain/evidence/evidence.ts';
import type { ServiceSettings } from '../../domain/settings.ts';
import { redactDeep, type Redact } from '../../domain/redaction.ts';
import { countOf } from '../../domain/text.ts';
import type { CollectInput, ObserveActivities } from '../contract.ts';
import { noteBadLines } from './note-bad-lines.ts';
import { notConfigured, recordEvidence, type Collected, type EvidencePorts } from './record-evidence.ts';

export interface CollectDeploysPorts extends EvidencePorts {
  readonly services: Readonly<Record<string, ServiceSettings>>;
  readonly deployRecords: DeployRecords;
  /** Resolves tags and short SHAs to the commits that they name. */
  readonly git?: Git;
}

/** Reads which revisions of a service were deployed in the window. */
export function createCollectDeploys(ports: CollectDeploysPorts): ObserveActivities['collectDeploys'] {
  return async (input) => {
    const settings = ports.services[input.service];
    const file = settings?.deploysFile;
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
      const read = await ports.deployRecords.read(file, input.service);
      const within = await nameCommits(ports.git, settings?.source, listDeploysWithin(read.deploys, input.window));
      return describe(input, read, within, ports.redact);
    });
  };
}

async function nameCommits(git: Git | undefined, source: string | undefined, deploys: readonly Deploy[]) {
  if (!git || source === undefined) return deploys;
  return Promise.all(
    deploys.map(async (deploy): Promise<Deploy> => {
      if (/^[0-9a-f]{40}$/.test(deploy.revision)) return deploy;
      // A revision that the repository does not know stays as it was recorded.
      const commit = await git.resolve(source, deploy.revision).catch(() => undefined);
      return commit === undefined ? deploy : { ...deploy, commit };
    }),
  );
}

function describe(
  input: CollectInput,
  { deploys, badLines }: DeployRecordsRead,
  within: readonly Deploy[],
  redact: Redact,
): Collected {
  const before = findDeployAt(deploys, input.window.from);
  const runs = before ? `${before.revision.slice(0, 10)} has run since ${before.at}` : 'no earlier deploy is recorded';
  const notes = noteBadLines({ badLines });
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
