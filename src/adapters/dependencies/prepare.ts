import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import type { Container } from 'dockerode';
import { pack } from 'tar-stream';
import type { DependencySet } from '../../domain/reproduction/dependencies.ts';
import { cleanText } from '../../domain/diagnosis/prompt-text.ts';
import type { SandboxLimits } from '../../domain/reproduction/reproduction.ts';
import { runExec } from '../docker/exec.ts';
import { codeUser, sizeFolders, type ConnectedNetwork } from '../docker/policy.ts';
import { workFolder } from '../../domain/reproduction/frames.ts';
import { removeAndWait } from '../docker/remove-container.ts';
import { createInspected, unpackConfined, type RunParts, type UnpackOrder } from '../docker/run-container.ts';
import { packSource, withoutEnd } from '../docker/sources.ts';
import { OutsideError } from '../outside-error.ts';
import { certificatesFile, dependencyFolder, dependencyRecipes, prepareFolders } from './recipes.ts';
import type { Registries } from './registries.ts';
import { takeTree, type TakenTree } from './take-tree.ts';

export interface PrepareOrder {
  readonly set: DependencySet;
  /** The image that the layer is for, by id. */
  readonly baseId: string;
  /** Folder of the layer in the image. */
  readonly folder: string;
  /** File of this machine that gets the layer. */
  readonly file: string;
  readonly network: ConnectedNetwork;
  readonly registries: Registries;
  readonly signal: AbortSignal;
  readonly onProgress: (step: string) => void;
}

const installMs = 10 * 60_000;
/** Room for large trees; a limit, not a reservation. Its time also covers taking the files out. */
export const prepareLimits: SandboxLimits = {
  memoryMb: 4_096,
  cpus: 2,
  timeoutMs: installMs + 3 * 60_000,
  outputBytes: 200_000,
};
const shownOutput = 1_500;
/** Where systems keep the certificates that they trust. */
const certificateFiles = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/cert.pem',
];

/**
 * Installs what a lockfile names and takes the result out as a layer. It runs in the sandbox of the reproductions, proved from
 * inside before anything runs, with every setting but one: it has a network. Its environment holds addresses of registries and
 * no secret; of the source it gets the manifests alone. Throws `Sandbox.DependenciesFailed` with the end of the output.
 */
export async function prepareLayer(parts: RunParts, order: PrepareOrder): Promise<TakenTree> {
  const { signal } = order;
  const certificates = await readCertificates();
  const sources = await packInputs(order, certificates);
  const id = `dependencies-${randomUUID()}`;
  const container = await createInspected(parts, {
    ...{ incidentId: 'dependencies', runId: id, imageId: order.baseId, limits: prepareLimits, signal },
    connectedTo: order.network,
  });
  try {
    await container.start();
    await unpackConfined(container, { signal, sources });
    await install(container, order, certificates !== undefined);
    order.onProgress('Taking the installed files out');
    return await takeTree(container, { ...order, from: prepareFolders.out });
  } finally {
    await removeAndWait(container);
  }
}

/** The manifests, checked and counted as the sources of a run are, and the folders around them. */
async function packInputs(
  { set, registries }: PrepareOrder,
  certificates: Buffer | undefined,
): Promise<UnpackOrder['sources']> {
  const name = (path: string) => path.slice(workFolder.length + 1);
  const inputs = pack();
  const files = {
    ...set.inputs,
    ...(set.language === 'java' ? { 'settings.xml': registries.mavenSettings ?? '<settings/>\n' } : {}),
  };
  for (const [path, text] of Object.entries(files)) inputs.entry({ name: path }, text);
  inputs.finalize();
  const source = await packSource(name(prepareFolders.source), await buffer(inputs));
  const { workBytes } = sizeFolders(prepareLimits);
  if (source.unpackedBytes > workBytes / 2) throw failed(set, 'Its manifests are larger than half of the work folder.');
  const { home, temporary, out } = prepareFolders;
  const around = pack();
  for (const folder of [home, temporary, out]) around.entry({ name: `${name(folder)}/`, type: 'directory' });
  if (certificates) around.entry({ name: name(certificatesFile) }, certificates);
  around.finalize();
  return [source, { entries: withoutEnd(await buffer(around)) }];
}

async function install(
  container: Container,
  { set, registries, signal, onProgress }: PrepareOrder,
  hasCertificates: boolean,
): Promise<void> {
  const recipe = dependencyRecipes[set.language];
  onProgress(`Installing what ${set.lockfile} names`);
  const report = await runExec(container, {
    command: ['sh', '-c', recipe.script],
    user: codeUser,
    folder: prepareFolders.source,
    environment: { ...environmentOf(set, hasCertificates), ...registries.environment },
    outputBytes: prepareLimits.outputBytes,
    timeoutMs: installMs,
    signal,
  });
  signal.throwIfAborted();
  const { end, output } = report;
  if (end.kind === 'exited' && end.exitCode === 0) return;
  const how = end.kind === 'exited' ? `exit code ${end.exitCode}` : end.kind;
  throw failed(
    set,
    `${how}: ${cleanText(output.toString('utf8'), prepareLimits.outputBytes).trim().slice(-shownOutput)}`,
  );
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
