import { hostname } from 'node:os';
import { pid } from 'node:process';
import type Docker from 'dockerode';
import type { Container } from 'dockerode';
import type { RunEnd, SandboxLimits } from '../../domain/reproduction.ts';
import type { ImageBuilder } from '../image-builder/builder.ts';
import { OutsideError } from '../outside-error.ts';
import { checkEngine, describe, engineLost, isConnectionError, openEngine, statusOf } from './engine.ts';
import type { EngineAddress, EngineFacts, Preflight } from './engine.ts';
import { runExec, type ExecReport } from './exec.ts';
import { codeUser, keeperUser, listDifferences, listStatusFaults } from './policy.ts';
import { planContainer, readSeccompProfile, sizeFolders, workFolder } from './policy.ts';
import { reapContainers, type ReapFilter } from './reaper.ts';
import { joinSources, packSource, type PackedSource } from './sources.ts';

export type { PackedSource } from './sources.ts';
export type { SandboxImage } from '../image-builder/builder.ts';

export interface DockerSandboxOptions {
  readonly address: EngineAddress;
  readonly images: Pick<ImageBuilder, 'ensureImage'>;
  readonly logger: { warn(details: object, message: string): void; info(details: object, message: string): void };
  readonly runtime?: string;
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
}

export interface RunReport {
  readonly end: Exclude<RunEnd, 'engine-lost'>;
  /** -1 when the command never ended by itself. */
  readonly exitCode: number;
  /** Index of the set-up command that failed; absent when the command itself ran. */
  readonly failedSetup?: number;
  readonly durationMs: number;
  readonly output: Buffer;
  readonly totalBytes: number;
  /** Ended because it would not stop writing. */
  readonly flooded: boolean;
}

export type Sandbox = ReturnType<typeof createDockerSandbox>;

/** This process, told from an earlier one with the same number by the time of its start. */
const owner = `${hostname()}:${pid}:${Date.now()}`;
const statusBytes = 64 * 1024;
const stepTimeoutMs = 30_000;
/** How much longer than the time limit a container may live, should everybody who watches it die. */
const graceSeconds = 60;

/**
 * The sandbox over a Docker engine: one hardened container per run, always removed at its end.
 * Throws `Docker.EngineLost` (worth a retry) when the engine goes away in mid-run, and other `Docker.*` or `Sandbox.*`
 * errors when a run could not be started as it must be; what the code under test does is never an error.
 */
export function createDockerSandbox({ address, images, logger, runtime }: DockerSandboxOptions) {
  const docker = openEngine(address);
  let engine: EngineFacts | undefined;

  async function preflight(): Promise<Preflight> {
    const result = await checkEngine(docker, address);
    if (result.ok) engine = result.engine;
    return result;
  }

  async function run(order: RunOrder): Promise<RunReport> {
    order.signal.throwIfAborted();
    assertHasWorkFolder(order);
    const sizes = sizeFolders(order.limits);
    const needed = order.sources.reduce((sum, { unpackedBytes }) => sum + unpackedBytes, 0);
    if (needed > sizes.workBytes) throw sourcesTooLarge(needed, sizes.workBytes, order.limits);
    if (!engine) {
      const result = await preflight();
      if (!result.ok) throw new OutsideError(result.reason, { system: 'Docker', kind: 'Unfit', retryable: true });
    }
    try {
      return await runInContainer(docker, { order, logger, engine: engine!, ...(runtime ? { runtime } : {}) });
    } catch (error) {
      if (isConnectionError(error)) throw engineLost('a sandbox was at work', error);
      throw statusOf(error) === undefined ? error : engineRefused(error);
    }
  }

  return {
    preflight,
    run,
    packSource,
    ensureImage: images.ensureImage,
    /** Removes leftovers; returns the ids of the removed containers. */
    reap: (filter: ReapFilter) => reapContainers(docker, owner, filter),
  };
}

interface Context {
  readonly order: RunOrder;
  readonly engine: EngineFacts;
  readonly runtime?: string;
  readonly logger: DockerSandboxOptions['logger'];
}

async function runInContainer(docker: Docker, context: Context): Promise<RunReport> {
  const { order, logger } = context;
  const container = await createInspected(docker, context);
  try {
    await container.start();
    order.signal.throwIfAborted();
    await assertConfined(container, order);
    await unpackSources(container, order);
    const report = await runCommands(container, order);
    order.signal.throwIfAborted();
    return report;
  } finally {
    await removeContainer(container, logger);
  }
}

/** Creates the container and compares what the engine made with what was asked, before anything runs in it. */
async function createInspected(docker: Docker, { order, engine, runtime, logger }: Context): Promise<Container> {
  const ttlSeconds = Math.ceil(order.limits.timeoutMs / 1000) + graceSeconds;
  const planned = planContainer({
    incidentId: order.incidentId,
    runId: order.runId,
    owner,
    imageId: order.imageId,
    limits: order.limits,
    ttlSeconds,
    expires: new Date(Date.now() + ttlSeconds * 1000).toISOString(),
    engine,
    seccompProfile: await readSeccompProfile(engine.architecture),
    ...(runtime ? { runtime } : {}),
  });
  const container = await docker.createContainer(planned);
  try {
    const differences = listDifferences(planned, await container.inspect());
    if (differences.length === 0) return container;
    throw unconfined(`the engine changed what was asked: ${differences.join('; ')}`);
  } catch (error) {
    await removeContainer(container, logger);
    throw error;
  }
}

async function assertConfined(container: Container, order: RunOrder): Promise<void> {
  const report = await runStep(container, order, ['cat', '/proc/self/status'], { user: codeUser });
  const faults = listStatusFaults(report.output.toString());
  if (faults.length > 0) throw unconfined(`a process inside reports ${faults.join(', ')}`);
}

async function unpackSources(container: Container, order: RunOrder): Promise<void> {
  const command = ['tar', '-x', '-C', workFolder, '-f', '-'];
  const report = await runStep(container, order, command, { user: codeUser, stdin: joinSources(order.sources) });
  if (report.end.kind === 'exited' && report.end.exitCode === 0) return;
  throw new OutsideError(
    `The sources could not be unpacked in the sandbox (${report.output.toString().trim().slice(0, 500)}). ` +
      'The image needs the programs `tar`, `cat` and `sleep`.',
    { system: 'Sandbox', kind: 'UnpackFailed', retryable: false },
  );
}

/** A command of our own, which is quick or broken. */
async function runStep(
  container: Container,
  { signal }: RunOrder,
  command: readonly string[],
  { user, stdin }: { user: string; stdin?: Buffer },
): Promise<ExecReport> {
  const rest = { folder: '/', outputBytes: statusBytes, timeoutMs: stepTimeoutMs, signal };
  const report = await runExec(container, { command, user, ...rest, ...(stdin ? { stdin } : {}) });
  signal.throwIfAborted();
  return report;
}

async function runCommands(container: Container, order: RunOrder): Promise<RunReport> {
  const startedAt = performance.now();
  const commands = [...order.setup, order.command];
  for (const [index, command] of commands.entries()) {
    const report = await runExec(container, {
      command,
      user: codeUser,
      folder: `${workFolder}/${order.workService}`,
      outputBytes: order.limits.outputBytes,
      timeoutMs: Math.max(1, order.limits.timeoutMs - (performance.now() - startedAt)),
      signal: order.signal,
    });
    const isLast = index === commands.length - 1;
    const { end } = report;
    if (end.kind === 'exited' && end.exitCode === 0 && !isLast) continue;
    return {
      end: await nameEnd(container, order, report),
      exitCode: end.kind === 'exited' ? end.exitCode : -1,
      ...(isLast ? {} : { failedSetup: index }),
      durationMs: Math.round(performance.now() - startedAt),
      output: report.output,
      totalBytes: report.totalBytes,
      flooded: end.kind === 'flooded',
    };
  }
  throw new Error('A run without a command.');
}

async function nameEnd(container: Container, order: RunOrder, { end }: ExecReport): Promise<RunReport['end']> {
  if (end.kind === 'timed-out') return 'timed-out';
  if (end.kind === 'flooded') return 'failed';
  if (end.kind === 'exited' && end.exitCode === 0) return 'passed';
  order.signal.throwIfAborted();
  const { State } = await container.inspect();
  if (State.OOMKilled) return 'out-of-memory';
  // Process 1 belongs to another user than the code, so a container that is gone was ended from outside.
  if (!State.Running)
    throw engineLost('a command ran', `container ${container.id.slice(0, 12)} was ended from outside`);
  if (end.kind === 'cut-off') throw engineLost('a command ran', 'its stream ended without an exit code');
  return (await wasOutOfMemory(container, order)) ? 'out-of-memory' : 'failed';
}

/**
 * The kernel's own count of killed processes. A child that is killed for memory does not end the container, and then
 * `State.OOMKilled` stays false. cgroup v1 and v2 keep the count in different files.
 */
async function wasOutOfMemory(container: Container, order: RunOrder): Promise<boolean> {
  const files = ['/sys/fs/cgroup/memory.events', '/sys/fs/cgroup/memory/memory.oom_control'];
  const report = await runStep(container, order, ['cat', ...files], { user: keeperUser });
  return /^oom_kill [1-9]/m.test(report.output.toString());
}

async function removeContainer(container: Container, logger: DockerSandboxOptions['logger']): Promise<void> {
  try {
    await container.remove({ force: true, v: true });
  } catch (error) {
    // 404: gone already. 409: another removal is at work.
    if (statusOf(error) === 404 || statusOf(error) === 409) return;
    logger.warn({ containerId: container.id, error }, 'A sandbox could not be removed; the reaper will try again.');
  }
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

function unconfined(what: string): OutsideError {
  return new OutsideError(
    `The sandbox was not started because ${what}. Check the engine's daemon.json and the runtime for settings that override it.`,
    { system: 'Sandbox', kind: 'NotConfined', retryable: false },
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
