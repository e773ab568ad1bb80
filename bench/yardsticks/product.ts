import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { createPackSources } from '../../src/activities/observe/pack-sources.ts';
import { createRunReproduction } from '../../src/activities/sandbox/run-reproduction.ts';
import { createDependencies, dependencyCacheName } from '../../src/adapters/dependencies/dependencies.ts';
import { readManifests } from '../../src/adapters/dependencies/manifests.ts';
import { withDependencies } from '../../src/adapters/dependencies/with-dependencies.ts';
import { createDeployRecords } from '../../src/adapters/deploy-records.ts';
import { createDockerSandbox } from '../../src/adapters/docker/sandbox.ts';
import { createEvidenceStore } from '../../src/adapters/evidence-store.ts';
import { createGit } from '../../src/adapters/git/git.ts';
import { createImageBuilder } from '../../src/adapters/image-builder/builder.ts';
import { rememberRuns } from '../../src/adapters/remember-runs.ts';
import { createRunCache } from '../../src/adapters/run-cache.ts';
import { cacheFolder, loadSettings } from '../../src/config.ts';
import { createRedact } from '../../src/domain/redaction.ts';
import { cannotRun, type Reproduction } from '../../src/domain/reproduction/reproduction.ts';
import { maxRounds, narrow } from '../../src/domain/reproduction/narrow.ts';

/** A service as resident.yaml has it. */
export type ServiceEntry = Readonly<Record<string, unknown>> & { readonly source: string };

export interface Question {
  /** The one that alerts: its `reproduce` command runs. */
  readonly service: string;
  readonly suspectService: string;
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
  const cache = createRunCache({ folder: path.join(settings.stateFolder, 'runs') });
  const dependencies = createDependencies({ address, folder: path.join(cacheFolder(), dependencyCacheName) });
  const equipped = withDependencies(rememberRuns(sandbox, { cache, store, logger }), dependencies, (service) => {
    return settings.services[service]?.sandbox?.dependencies;
  });
  const git = createGit({ cacheFolder: path.join(folder, 'git') });
  const packSources = createPackSources({
    store,
    redact,
    services: settings.services,
    git,
    deployRecords: createDeployRecords(),
  });
  const endsAt = { ms: 0 };
  const runReproduction = createRunReproduction({
    sandbox: equipped,
    store,
    redact,
    context: () => ({
      signal: new AbortController().signal,
      heartbeat: () => undefined,
      remainingMs: () => endsAt.ms - Date.now(),
    }),
  });

  async function runRound(question: Question, gap?: Reproduction['gap']): Promise<Reproduction> {
    const { service, suspectService, suspect, before } = question;
    const ids = { incidentId: `incident/${service}`, runId: `yardstick-${process.pid}` };
    const rest = { neighbours: [], evidence: [], timeoutMs: settings.timings.sandboxTimeoutMs };
    const packed = await packSources({
      ...{ ...ids, service, suspectService, suspect, before, ...rest },
      ...(gap ? { gap } : {}),
    });
    if ('cannotRun' in packed) return cannotRun(packed.cannotRun, suspectService, suspect, before);
    endsAt.ms = Date.now() + 12 * settings.timings.sandboxTimeoutMs;
    return runReproduction(packed);
  }

  /** Outside an incident, as a person would: what the lockfile of a revision names. */
  async function prepare(service: string, revision: string): Promise<void> {
    const { source = '', sandbox: own } = settings.services[service] ?? {};
    if (!own) return;
    const image = await sandbox.ensureImage(own.image);
    const { manifests } = await readManifests((await git.archive(source, revision)).tar);
    const { found, layer } = await dependencies.find(image.id, manifests, own.dependencies);
    if (found.kind !== 'set' || layer) return;
    const options = { onProgress: () => undefined, signal: new AbortController().signal, preparedFor: settings.file };
    await dependencies.prepare(image.id, found, options);
  }

  return {
    settings,
    prepare,
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
