import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import type { Container } from 'dockerode';
import type Docker from 'dockerode';
import { pack } from 'tar-stream';
import type { DependencySet } from '../../domain/reproduction/dependencies.ts';
import { cleanText } from '../../domain/diagnosis/prompt-text.ts';
import type { SandboxLimits } from '../../domain/reproduction/reproduction.ts';
import type { EngineFacts } from '../docker/engine.ts';
import { runExec } from '../docker/exec.ts';
import { codeUser, listDifferences, planContainer, readSeccompProfile, workFolder } from '../docker/policy.ts';
import { OutsideError } from '../outside-error.ts';
import { certificatesFile, dependencyFolder, dependencyRecipes, prepareFolders } from './recipes.ts';
import type { Registries } from './registries.ts';
import { takeTree, type TakenTree } from './take-tree.ts';

/** Network of the preparing sandbox: a bridge of the engine, or the machine's own where the engine has none. */
export type PrepareNetwork = 'bridge' | 'host';

export interface PrepareOrder {
  readonly set: DependencySet;
  /** The image that the layer is for, by id. */
  readonly baseId: string;
  /** Folder of the layer in the image. */
  readonly folder: string;
  /** File of this machine that gets the layer. */
  readonly file: string;
  readonly network: PrepareNetwork;
  readonly registries: Registries;
  readonly engine: EngineFacts;
  readonly owner: string;
  readonly signal: AbortSignal;
  readonly onProgress: (step: string) => void;
}

/** Room for large trees; a limit, not a reservation. */
const limits: SandboxLimits = { memoryMb: 4_096, cpus: 2, timeoutMs: 15 * 60_000, outputBytes: 200_000 };
const shownOutput = 1_500;
/** Where systems keep the certificates that they trust. */
const certificateFiles = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/cert.pem',
];

/**
 * Installs what a lockfile names and takes the result out as a layer. It runs in the sandbox of the reproductions, with every
 * setting but one: it has a network. Its environment holds addresses of registries and no secret; of the source it gets the
 * manifests alone. Throws `Sandbox.DependenciesFailed` with the end of the output.
 */
export async function prepareLayer(docker: Docker, order: PrepareOrder): Promise<TakenTree> {
  const container = await createConnected(docker, order);
  try {
    await container.start();
    await putInputs(container, order);
    await install(container, order);
    order.onProgress('Taking the installed files out');
    return await takeTree(container, { ...order, from: prepareFolders.out });
  } finally {
    await container.remove({ force: true, v: true });
  }
}

async function createConnected(docker: Docker, order: PrepareOrder): Promise<Container> {
  const ttlSeconds = limits.timeoutMs / 1000 + 300;
  const hardened = planContainer({
    incidentId: 'dependencies',
    runId: `dependencies-${randomUUID()}`,
    owner: order.owner,
    imageId: order.baseId,
    limits,
    ttlSeconds,
    expires: new Date(Date.now() + ttlSeconds * 1000).toISOString(),
    engine: order.engine,
    seccompProfile: await readSeccompProfile(order.engine.architecture),
  });
  const { NetworkDisabled: _none, ...connected } = hardened;
  const planned = { ...connected, HostConfig: { ...hardened.HostConfig, NetworkMode: order.network } };
  const container = await docker.createContainer(planned);
  const differences = listDifferences(planned, await container.inspect());
  if (differences.length === 0) return container;
  await container.remove({ force: true, v: true });
  throw failed(order.set, `the engine changed what was asked: ${differences.join('; ')}`);
}

async function putInputs(container: Container, { set, registries, signal }: PrepareOrder): Promise<void> {
  const tar = pack();
  const bytes = buffer(tar);
  const name = (path: string) => path.slice(workFolder.length + 1);
  for (const folder of Object.values(prepareFolders)) tar.entry({ name: `${name(folder)}/`, type: 'directory' });
  const files = {
    ...set.inputs,
    ...(set.language === 'java' ? { 'settings.xml': registries.mavenSettings ?? '<settings/>\n' } : {}),
  };
  for (const [path, text] of Object.entries(files)) tar.entry({ name: `${name(prepareFolders.source)}/${path}` }, text);
  const certificates = await readCertificates();
  if (certificates) tar.entry({ name: name(certificatesFile) }, certificates);
  tar.finalize();
  const report = await runExec(container, {
    command: ['tar', '-x', '-C', workFolder, '-f', '-'],
    user: codeUser,
    folder: '/',
    stdin: await bytes,
    outputBytes: 10_000,
    timeoutMs: 60_000,
    signal,
  });
  if (report.end.kind !== 'exited' || report.end.exitCode !== 0) throw failed(set, report.output.toString());
}

async function install(container: Container, { set, registries, signal, onProgress }: PrepareOrder): Promise<void> {
  const recipe = dependencyRecipes[set.language];
  onProgress(`Installing what ${set.lockfile} names`);
  const report = await runExec(container, {
    command: ['sh', '-c', recipe.script],
    user: codeUser,
    folder: prepareFolders.source,
    environment: { ...environmentOf(set, (await readCertificates()) !== undefined), ...registries.environment },
    outputBytes: limits.outputBytes,
    timeoutMs: limits.timeoutMs,
    signal,
  });
  signal.throwIfAborted();
  const { end, output } = report;
  if (end.kind === 'exited' && end.exitCode === 0) return;
  const how = end.kind === 'exited' ? `exit code ${end.exitCode}` : end.kind;
  throw failed(set, `${how}: ${cleanText(output.toString('utf8'), limits.outputBytes).trim().slice(-shownOutput)}`);
}

/** All that an install script sees beside the image's own variables. */
function environmentOf({ language, lockfile }: DependencySet, hasCertificates: boolean): Record<string, string> {
  const { home, temporary } = prepareFolders;
  return {
    HOME: home,
    TMPDIR: temporary,
    LOCKFILE: lockfile,
    CI: 'true',
    ...(hasCertificates
      ? { NODE_EXTRA_CA_CERTS: certificatesFile, PIP_CERT: certificatesFile, SSL_CERT_FILE: certificatesFile }
      : {}),
    ...(language === 'node' ? { npm_config_update_notifier: 'false' } : {}),
    ...(language === 'go'
      ? {
          // Empty counts as not set: Go's own defaults, where the image switches both off.
          ...{ GOPROXY: '', GOSUMDB: '' },
          ...{ GOTMPDIR: temporary, GOCACHE: `${home}/go-build`, GOPATH: `${home}/go` },
        }
      : {}),
    // Java looks the home folder up in the list of users, where it is the small /tmp.
    ...(language === 'java' ? { MAVEN_OPTS: `-Duser.home=${home} -Djava.io.tmpdir=${temporary}` } : {}),
  };
}

async function readCertificates(): Promise<Buffer | undefined> {
  for (const file of certificateFiles) {
    const found = await readFile(file).catch(() => undefined);
    if (found) return found;
  }
  return undefined;
}

function failed({ lockfile, language }: DependencySet, why: string): OutsideError {
  return new OutsideError(
    `The dependencies that ${lockfile} names could not be prepared (${language}). ${why}\n` +
      'No credentials are passed on: where a registry asks for them, or an installation needs more than the image has, name an ' +
      'image by its digest that has the dependencies, and write `dependencies: none` under `sandbox`.',
    { system: 'Sandbox', kind: 'DependenciesFailed', retryable: false },
  );
}

/** The folder of a layer in the image. */
export function folderOf(language: DependencySet['language'], key: string): string {
  return `${dependencyFolder}/${dependencyRecipes[language].isShared ? language : key}`;
}
