import { pid } from 'node:process';
import type Docker from 'dockerode';
import type { SandboxLimits } from '../../domain/reproduction/reproduction.ts';
import { identifyProcess } from '../commands/process-identity.ts';
import type { ImageBuilder } from '../image-builder/builder.ts';
import { OutsideError } from '../outside-error.ts';
import {
  checkEngine,
  describe,
  describeAddress,
  engineLost,
  isConnectionError,
  openEngine,
  statusOf,
} from './engine.ts';
import type { EngineAddress, EngineFacts, Preflight } from './engine.ts';
import type { NamedEnd } from './name-end.ts';
import { sizeFolders } from './policy.ts';
import { limitPool, type PoolLimits } from './pool-cgroup.ts';
import { createPool, suggestConcurrent } from './pool.ts';
import { reapContainers, type ReapFilter } from './reaper.ts';
import { runInGroup, type GroupOrder, type GroupReport } from './run-group.ts';
import { runInContainer, type RunParts } from './run-container.ts';
import { maxEntries, packSource, type PackedSource } from './sources.ts';

export type { PackedSource } from './sources.ts';
export type { SandboxImage } from '../image-builder/builder.ts';
export type { MemberReport } from './group-services.ts';
export type { GroupMember, GroupOrder, GroupReport } from './run-group.ts';
export { suggestConcurrent } from './pool.ts';
export type { PoolLimits } from './pool-cgroup.ts';

export interface DockerSandboxOptions {
  readonly address: EngineAddress;
  readonly images: Pick<ImageBuilder, 'ensureImage'>;
  readonly logger: { warn(details: object, message: string): void; info(details: object, message: string): void };
  /** An OCI runtime that the engine knows, for example `runsc`; the engine's default one when left out. */
  readonly runtime?: string;
  /** Sandboxes at once; others wait their turn. By this machine's processors and memory when left out. */
  readonly concurrent?: number;
  /** What all sandboxes may take together, beside the limits of each; none when left out. */
  readonly poolLimits?: PoolLimits;
}

export interface RunOrder {
  readonly incidentId: string;
  readonly runId: string;
  readonly imageId: string;
  readonly sources: readonly PackedSource[];
  readonly workService: string;
  readonly setup: readonly (readonly string[])[];
  readonly command: readonly string[];
  readonly limits: SandboxLimits;
  readonly signal: AbortSignal;
  /** Asks whether it ends the same way again: a result that is known already does not answer that. */
  readonly isRepeat?: boolean;
}

export interface RunReport {
  readonly end: NamedEnd;
  /** -1 when the command never ended by itself. */
  readonly exitCode: number;
  /** Index of the set-up command that failed; absent when the command itself ran. */
  readonly failedSetup?: number;
  readonly durationMs: number;
  readonly output: Buffer;
  readonly totalBytes: number;
  /** What a reader should know of an end that is not the command's own, for example the time limit that it reached. */
  readonly notice?: string;
  /** What the run lacked around the code, with the remedy, for example dependencies that were not prepared. */
  readonly note?: string;
  /** The image by id, where it is another than the order's: one with prepared dependencies. */
  readonly layeredImageId?: string;
  /** When it ran (ISO), where a kept result stands for it: the same files, image and command, not run again. */
  readonly keptFrom?: string;
}

export type Sandbox = ReturnType<typeof createDockerSandbox>;

/** This process, told from an earlier one with the same number by the time of its start. */
const owner = identifyProcess(pid);
/** Preparing and removing a sandbox may take this much; an engine that needs more has stopped answering. */
const patienceMs = 120_000;
const removalMs = 15_000;

/**
 * The sandbox over a Docker engine: one hardened container per run, always removed at its end.
 * Throws `Docker.EngineLost` (worth a retry) when the engine goes away in mid-run, and other `Docker.*` or `Sandbox.*`
 * errors when a run could not be started as it must be; what the code under test does is never an error.
 */
export function createDockerSandbox(options: DockerSandboxOptions) {
  const { address, images, logger, runtime, concurrent } = options;
  const docker = openEngine(address);
  const pool = createPool(concurrent ?? suggestConcurrent());
  let engine: EngineFacts | undefined;
  let cgroup: Promise<string | undefined> | undefined;

  async function preflight(): Promise<Preflight> {
    const checked = await checkEngine(docker, address);
    const result = checked.ok && runtime ? await checkRuntime(docker, address, runtime, checked) : checked;
    if (result.ok) engine = result.engine;
    return result;
  }

  async function withEngine<T>(order: Guarded, work: (parts: RunParts) => Promise<T>): Promise<T> {
    return pool.run(order.signal, async () => {
      if (!engine) {
        const result = await preflight();
        if (!result.ok) throw new OutsideError(result.reason, { system: 'Docker', kind: 'Unfit', retryable: true });
      }
      const known = { docker, engine: engine!, owner: JSON.stringify(owner), logger };
      cgroup ??= makeCgroup(options, known.engine);
      const cgroupParent = await cgroup;
      const parts = { ...known, ...(runtime ? { runtime } : {}), ...(cgroupParent ? { cgroupParent } : {}) };
      try {
        return await untilSilent(work(parts), order);
      } catch (error) {
        if (isConnectionError(error)) throw engineLost('a sandbox was at work', error);
        throw statusOf(error) === undefined ? error : engineRefused(error);
      }
    });
  }

  async function run(order: RunOrder): Promise<RunReport> {
    order.signal.throwIfAborted();
    assertHasWorkFolder(order);
    assertFits(order);
    return withEngine(order, (parts) => runInContainer(parts, order));
  }

  /** Runs several services in one network and sends one request to the first; takes one turn of the pool. */
  async function runGroup(order: GroupOrder): Promise<GroupReport> {
    order.signal.throwIfAborted();
    for (const { sources, limits } of order.members) assertFits({ sources, limits: { ...order.limits, ...limits } });
    return withEngine(order, (parts) => runInGroup(parts, order));
  }

  return {
    preflight,
    run,
    runGroup,
    packSource,
    /** Sandboxes at once. */
    concurrent: pool.size,
    ensureImage: images.ensureImage,
    /** Removes leftovers; returns the ids of the removed containers. */
    reap: (filter: ReapFilter) => reapContainers(docker, owner, filter),
  };
}

async function makeCgroup(
  { address, poolLimits, logger }: DockerSandboxOptions,
  engine: EngineFacts,
): Promise<string | undefined> {
  if (!poolLimits) return undefined;
  const made = await limitPool({ address, engine, owner, limits: poolLimits });
  if ('cgroupParent' in made) return made.cgroupParent;
  logger.info({ reason: made.reason }, 'Sandboxes have their own limits, and none for all of them together.');
  return undefined;
}

type Guarded = Pick<RunOrder, 'limits' | 'signal'>;

/** An engine that takes requests and never answers would hold a run, and its cancel, for ever. */
function untilSilent<T>(work: Promise<T>, { limits, signal }: Guarded): Promise<T> {
  return new Promise((resolve, reject) => {
    const limitMs = limits.timeoutMs + patienceMs;
    const silent = () => reject(engineLost('a sandbox was at work', 'it stopped answering'));
    let timer = setTimeout(silent, limitMs);
    const onAbort = () => {
      clearTimeout(timer);
      timer = setTimeout(() => reject(signal.reason as Error), removalMs);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    });
  });
}

/** Whether the engine knows the runtime, beside what the preflight said of it. */
export async function checkRuntime(
  docker: Docker,
  address: EngineAddress,
  runtime: string,
  checked: Preflight,
): Promise<Preflight> {
  const { Runtimes = {} } = (await docker.info()) as { readonly Runtimes?: Readonly<Record<string, unknown>> };
  if (Object.hasOwn(Runtimes, runtime)) return checked;
  const known = Object.keys(Runtimes).join(', ');
  return {
    ok: false,
    reason:
      `The Docker engine at ${describeAddress(address)} knows no runtime ${runtime}; it has ${known}. ` +
      `Install it and name it in the engine's daemon.json under "runtimes", or change \`sandbox.runtime\` in resident.yaml.`,
  };
}

function assertHasWorkFolder({ sources, workService }: RunOrder): void {
  if (sources.some(({ service }) => service === workService)) return;
  throw new OutsideError(
    `The command runs in the folder of ${workService}, whose source is not among ${sources.map(({ service }) => service).join(', ')}. ` +
      `Give ${workService} a \`source\` in resident.yaml.`,
    { system: 'Sandbox', kind: 'NoWorkFolder', retryable: false },
  );
}

/** The engine answered and said no, for example to start a container. Its own faults (5xx) may pass. */
function engineRefused(error: unknown): OutsideError {
  const status = statusOf(error) ?? 0;
  return new OutsideError(
    `The Docker engine refused a step of the sandbox (HTTP ${status}): ${describe(error).slice(0, 500)}`,
    { system: 'Docker', kind: 'Refused', retryable: status >= 500 },
    { cause: error },
  );
}

/** Counted before anything is sent: bytes and files, as the work folder has room for them. */
function assertFits({ sources, limits }: Pick<RunOrder, 'sources' | 'limits'>): void {
  const { workBytes } = sizeFolders(limits);
  const bytes = sources.reduce((sum, { unpackedBytes }) => sum + unpackedBytes, 0);
  if (bytes > workBytes) throw sourcesTooLarge(bytes, workBytes, limits);
  const files = sources.reduce((sum, source) => sum + source.files, 0);
  if (files <= maxEntries) return;
  throw new OutsideError(
    `The sources hold ${files} files and the sandbox's work folder has room for ${maxEntries}. ` +
      'Point `source` at folders that hold the services and not what they install.',
    { system: 'Sandbox', kind: 'SourcesTooLarge', retryable: false },
  );
}

function sourcesTooLarge(needed: number, allowed: number, { memoryMb }: SandboxLimits): OutsideError {
  const mb = (bytes: number) => Math.ceil(bytes / 1024 / 1024);
  return new OutsideError(
    `The sources take ${mb(needed)} MB and the sandbox's work folder holds ${mb(allowed)} MB. ` +
      `Raise sandbox.memoryMb (now ${memoryMb}); half of it is the work folder.`,
    { system: 'Sandbox', kind: 'SourcesTooLarge', retryable: false },
  );
}
