import type Docker from 'dockerode';
import type { Container } from 'dockerode';
import { OutsideError } from '../outside-error.ts';
import { engineLost, statusOf, type EngineFacts } from './engine.ts';
import { runExec, type ExecReport } from './exec.ts';
import { explainEnd, nameEnd } from './name-end.ts';
import { codeUser, keeperUser, listDifferences, listStatusFaults } from './policy.ts';
import { workFolder } from '../../domain/reproduction/frames.ts';
import { planContainer, readSeccompProfile, type ConnectedNetwork } from './policy.ts';
import { removeContainer, type RemovalLogger } from './remove-container.ts';
import type { RunOrder, RunReport } from './sandbox.ts';
import { joinSources, type PackedSource } from './sources.ts';

export interface RunParts {
  readonly docker: Docker;
  readonly engine: EngineFacts;
  /** Label by which leftovers of a dead worker are told from work in progress. */
  readonly owner: string;
  readonly runtime?: string;
  readonly cgroupParent?: string;
  readonly logger: RemovalLogger;
}

const statusBytes = 64 * 1024;
const stepTimeoutMs = 30_000;
/** How much longer than the time limit a container may live, should everybody who watches it die. */
const graceSeconds = 60;

/** What a container is made from. */
export interface ContainerOrder extends Pick<RunOrder, 'incidentId' | 'runId' | 'imageId' | 'limits' | 'signal'> {
  /** Id of another sandbox whose network it shares. */
  readonly networkOf?: string;
  readonly connectedTo?: ConnectedNetwork;
}

/** One order from the creation of its container to the removal, whatever happens in between. */
export async function runInContainer(parts: RunParts, order: RunOrder): Promise<RunReport> {
  const container = await createInspected(parts, order);
  try {
    order.signal.throwIfAborted();
    await container.start();
    order.signal.throwIfAborted();
    await unpackConfined(container, order);
    const report = await runCommands(parts.docker, container, order);
    order.signal.throwIfAborted();
    return report;
  } finally {
    await removeContainer(container, parts.logger);
  }
}

/** Creates the container and compares what the engine made with what was asked, before anything runs in it. */
export async function createInspected(parts: RunParts, order: ContainerOrder): Promise<Container> {
  const { docker, engine, owner, runtime, cgroupParent, logger } = parts;
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
    ...(cgroupParent ? { cgroupParent } : {}),
    ...(order.networkOf ? { networkOf: order.networkOf } : {}),
    ...(order.connectedTo ? { connectedTo: order.connectedTo } : {}),
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

/** One exec for both, for each takes about as long as a start. The kernel's word is first: no source can be taken for it. */
const unpackScript = `cat /proc/self/status && exec tar -x -C ${workFolder} -f -`;

export interface UnpackOrder extends Pick<RunOrder, 'signal'> {
  readonly sources: readonly Pick<PackedSource, 'entries'>[];
}

/**
 * Proves from inside that the container is confined, and then unpacks the sources in it. Throws `Sandbox.NotConfined` or
 * `Sandbox.UnpackFailed`; nothing of the sources has run by then.
 */
export async function unpackConfined(container: Container, order: UnpackOrder): Promise<void> {
  const { end, output } = await runStep(container, order, ['sh', '-c', unpackScript], joinSources(order.sources));
  const text = output.toString();
  const hasStatus = /^Name:\s/.test(text);
  const faults = hasStatus ? listStatusFaults(text) : [];
  if (faults.length > 0) throw unconfined(`a process inside reports ${faults.join(', ')}`);
  if (hasStatus && end.kind === 'exited' && end.exitCode === 0) return;
  const complaint = text.replace(/^\w+:\t.*\n/gm, '');
  throw new OutsideError(
    `The sources could not be unpacked in the sandbox (${complaint.trim().slice(0, 500)}). ` +
      'The image needs the programs `sh`, `tar`, `cat` and `sleep`.',
    { system: 'Sandbox', kind: 'UnpackFailed', retryable: false },
  );
}

/** A command of our own as the user of the code under test. It is quick, or the engine is not well. */
async function runStep(
  container: Container,
  { signal }: Pick<RunOrder, 'signal'>,
  command: readonly string[],
  stdin?: Buffer,
): Promise<ExecReport> {
  const rest = { folder: '/', outputBytes: statusBytes, timeoutMs: stepTimeoutMs, signal };
  const report = await runExec(container, { command, user: codeUser, ...rest, ...(stdin ? { stdin } : {}) });
  signal.throwIfAborted();
  const { kind } = report.end;
  if (kind === 'cut-off') throw engineLost('a sandbox was prepared', 'its container runs no more');
  if (kind === 'timed-out')
    throw engineLost('a sandbox was prepared', `\`${command[0]}\` took over ${stepTimeoutMs / 1000} s`);
  return report;
}

async function runCommands(docker: Docker, container: Container, order: RunOrder): Promise<RunReport> {
  const startedAt = performance.now();
  const commands = [...order.setup, order.command];
  let oomKillsBefore = 0;
  for (const [index, command] of commands.entries()) {
    const report = await runExec(container, {
      command,
      user: codeUser,
      folder: `${workFolder}/${order.workService}`,
      outputBytes: order.limits.outputBytes,
      timeoutMs: Math.max(1, order.limits.timeoutMs - (performance.now() - startedAt)),
      signal: order.signal,
    });
    const durationMs = Math.round(performance.now() - startedAt);
    order.signal.throwIfAborted();
    const isLast = index === commands.length - 1;
    const { end, output, totalBytes } = report;
    if (end.kind === 'exited' && end.exitCode === 0 && !isLast) {
      // What set-up survived is not the command's doing.
      oomKillsBefore = (await countOomKills(container)) ?? oomKillsBefore;
      continue;
    }
    const parts = { docker, container, countOomKills: () => countOomKills(container), oomKillsBefore };
    const named = await nameEnd(parts, end);
    const notice = explainEnd(named, order.limits, totalBytes);
    return {
      end: named,
      exitCode: end.kind === 'exited' ? end.exitCode : -1,
      ...(isLast ? {} : { failedSetup: index }),
      durationMs,
      output,
      totalBytes,
      ...(notice === undefined ? {} : { notice }),
    };
  }
  throw new Error('A run without a command.');
}

/** cgroup v1 and v2 keep the count of killed processes in different files. A child that was killed leaves the container up. */
const oomFiles = [
  ...['memory/memory.max_usage_in_bytes', 'memory/memory.limit_in_bytes', 'memory/memory.oom_control'],
  'memory.events',
];
const oomCount = /^oom_kill (\d+)\n/m;
const countTimeoutMs = 5_000;

/**
 * The kernel's count of processes that it killed in a container for want of memory; undefined where it cannot be read.
 * Throws `Sandbox.PoolExhausted` when that was not for the container's own limit.
 */
export async function countOomKills(container: Container): Promise<number | undefined> {
  const isRead = new AbortController();
  let seen = '';
  await runExec(container, {
    command: ['cat', ...oomFiles.map((file) => `/sys/fs/cgroup/${file}`)],
    user: keeperUser,
    folder: '/',
    // The answer is enough: while a child of the last command holds its output open, Docker reports no other exit for seconds.
    onOutput: (bytes) => {
      seen += bytes.toString();
      if (oomCount.test(seen)) isRead.abort();
    },
    outputBytes: statusBytes,
    timeoutMs: countTimeoutMs,
    signal: isRead.signal,
  }).catch(ignoreRefusal);
  const count = oomCount.exec(seen)?.[1];
  if (count === undefined) return undefined;
  if (Number(count) > 0 && !reachedOwnLimit(seen)) throw poolExhausted();
  return Number(count);
}

/** By the kernel's highest mark (cgroup v1), a little below which it may give up, or by its count for this very limit (v2). */
function reachedOwnLimit(text: string): boolean {
  const [highest, limit] = text.match(/^\d+$/gm) ?? [];
  if (highest !== undefined && limit !== undefined) return Number(highest) >= 0.95 * Number(limit);
  return /^oom [1-9]/m.test(text);
}

/** The engine could not start a process, as in a sandbox that is ending or has no process left. */
function ignoreRefusal(error: unknown): void {
  if (statusOf(error) === undefined) throw error;
}

function poolExhausted(): OutsideError {
  return new OutsideError(
    'The kernel ended a process of a sandbox that was within its own limit: the machine, or all sandboxes together, ran out of memory. ' +
      'The run is tried again; lower `sandbox.concurrent` in resident.yaml if it keeps happening.',
    { system: 'Sandbox', kind: 'PoolExhausted', retryable: true },
  );
}

function unconfined(what: string): OutsideError {
  return new OutsideError(
    `The sandbox was not started because ${what}. Check the engine's daemon.json and the runtime for settings that override it.`,
    { system: 'Sandbox', kind: 'NotConfined', retryable: false },
  );
}
