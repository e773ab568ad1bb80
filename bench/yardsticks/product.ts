import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { createPackSources } from '../../src/activities/pack-sources.ts';
import { createRunReproduction } from '../../src/activities/run-reproduction.ts';
import { createDeployRecords } from '../../src/adapters/deploy-records.ts';
import { createDockerSandbox } from '../../src/adapters/docker/sandbox.ts';
import { createEvidenceStore } from '../../src/adapters/evidence-store.ts';
import { createGit } from '../../src/adapters/git/git.ts';
import { createImageBuilder } from '../../src/adapters/image-builder/builder.ts';
import { loadSettings } from '../../src/config.ts';
import { createRedact } from '../../src/domain/redaction.ts';
import { cannotRun, type Reproduction } from '../../src/domain/reproduction.ts';
import { maxRounds, narrow } from '../../src/domain/reproduction/narrow.ts';

/** A service as resident.yaml has it. */
export type ServiceEntry = Readonly<Record<string, unknown>> & { readonly source: string };

export interface Question {
  readonly service: string;
  /** The revision that runs and fails, and the one that ran before. */
  readonly suspect: string;
  readonly before: string;
}

/**
 * The product's own way from a suspect to a verdict, without Temporal around it: resident.yaml as read, real Git, evidence store and
 * engine, the activities `packSources` and `runReproduction` as the workers make them, and the workflow's rule for a second round.
 */
export function openProduct(folder: string, services: Readonly<Record<string, ServiceEntry>>) {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, 'resident.yaml');
  writeFileSync(file, stringify({ version: 1, services }));
  const settings = loadSettings(file, { secrets: 'unchecked' });
  const store = createEvidenceStore({ folder: path.join(settings.stateFolder, 'evidence') });
  const redact = createRedact({ secrets: [] });
  const dockerHost = process.env['DOCKER_HOST'];
  const address = dockerHost ? { dockerHost } : {};
  const logger = { warn: console.warn, info: () => undefined };
  const sandbox = createDockerSandbox({ address, images: createImageBuilder({ address }), logger });
  const packSources = createPackSources({
    store,
    redact,
    services: settings.services,
    git: createGit({ cacheFolder: path.join(folder, 'git') }),
    deployRecords: createDeployRecords(),
  });
  const endsAt = { ms: 0 };
  const runReproduction = createRunReproduction({
    sandbox,
    store,
    redact,
    context: () => ({
      signal: new AbortController().signal,
      heartbeat: () => undefined,
      remainingMs: () => endsAt.ms - Date.now(),
    }),
  });

  async function runRound(question: Question, gap?: Reproduction['gap']): Promise<Reproduction> {
    const { service, suspect, before } = question;
    const ids = { incidentId: `incident/${service}`, runId: `yardstick-${process.pid}` };
    const rest = { neighbours: [], evidence: [], timeoutMs: settings.timings.sandboxTimeoutMs };
    const packed = await packSources({
      ...{ ...ids, service, suspectService: service, suspect, before, ...rest },
      ...(gap ? { gap } : {}),
    });
    if ('cannotRun' in packed) return cannotRun(packed.cannotRun, service, suspect, before);
    endsAt.ms = Date.now() + 9 * settings.timings.sandboxTimeoutMs;
    return runReproduction(packed);
  }

  return {
    settings,
    preflight: sandbox.preflight,
    async reproduce(question: Question): Promise<Reproduction> {
      let reproduction = await runRound(question);
      for (let round = 2; round <= maxRounds && reproduction.verdict === 'reproduced' && reproduction.gap; round += 1) {
        reproduction = narrow(reproduction, await runRound(question, reproduction.gap));
      }
      return reproduction;
    },
  };
}
