import { text as readText } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import type { Container } from 'dockerode';
import type { RunEnd, SandboxLimits } from '../../domain/reproduction/reproduction.ts';
import { engineLost, statusOf } from './engine.ts';
import type { ExecEnd } from './exec.ts';

export type NamedEnd = Exclude<RunEnd, 'engine-lost'>;

export interface EndParts {
  readonly docker: Docker;
  readonly container: Container;
  /** The kernel's count of processes killed for want of memory, or undefined where it cannot be read. */
  readonly countOomKills: () => Promise<number | undefined>;
  /** That count when the command began. */
  readonly oomKillsBefore: number;
}

/** How long the engine may take to note the death of a container whose process is gone. */
const noteLimitMs = 2_000;
const noteEveryMs = 50;

/**
 * Names how a command ended from what the kernel and the engine counted; never from an exit code, which code under test
 * chooses freely. Throws `Docker.EngineLost` when somebody ended the container through the engine, or the engine itself
 * was started again: that says nothing about the command.
 */
export async function nameEnd(parts: EndParts, end: ExecEnd): Promise<NamedEnd> {
  if (end.kind === 'timed-out') return 'timed-out';
  if (end.kind === 'flooded') return 'output-cut';
  if (end.kind === 'exited' && end.exitCode === 0) return 'passed';
  const state = await readState(parts.container);
  if (!state?.Running) return nameGone(parts, state?.OOMKilled === true);
  if (end.kind !== 'exited') throw engineLost('a command ran', 'it knows no exit code, though the sandbox runs on');
  // An answer from inside also proves that the sandbox outlived the command.
  const oomKills = await parts.countOomKills();
  if (oomKills === undefined) return nameUncounted(parts);
  return oomKills > parts.oomKillsBefore ? 'out-of-memory' : 'failed';
}

/** What a reader of the result should know of an end that is not the command's own. */
export function explainEnd(end: NamedEnd, limits: SandboxLimits, totalBytes: number): string | undefined {
  switch (end) {
    case 'passed':
    case 'failed':
      return undefined;
    case 'timed-out':
      return `ended at its time limit of ${limits.timeoutMs / 1000} s, with every process in the sandbox`;
    case 'out-of-memory':
      return `the kernel killed a process of it for want of memory: the limit is ${limits.memoryMb} MB`;
    case 'output-cut':
      return `ended because it had written ${totalBytes} bytes; ${limits.outputBytes} are kept`;
    case 'killed-itself':
      return 'the sandbox ended while the command ran, and nobody had asked the engine for it';
  }
}

async function readState(container: Container) {
  try {
    return (await container.inspect()).State;
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}

/** A container that is gone: the engine's events tell whose doing it was. */
async function nameGone({ docker, container }: EndParts, wasOomKilled: boolean): Promise<NamedEnd> {
  if (wasOomKilled) return 'out-of-memory';
  const endsAt = Date.now() + noteLimitMs;
  for (;;) {
    const events = await listEvents(docker, container.id);
    if (events.includes('oom')) return 'out-of-memory';
    if (events.includes('kill')) throw engineLost('a command ran', `${nameOf(container)} was ended by another client`);
    if (events.includes('die')) return 'killed-itself';
    // An engine that was started again remembers no event.
    if (Date.now() > endsAt) throw engineLost('a command ran', `${nameOf(container)} is gone without a trace`);
    await delay(noteEveryMs);
  }
}

/** Nobody inside can be asked: the sandbox is ending, has no process left to start, or another kernel (gVisor). */
async function nameUncounted(parts: EndParts): Promise<NamedEnd> {
  const { docker, container } = parts;
  const events = await listEvents(docker, container.id);
  if (events.includes('oom')) return 'out-of-memory';
  if (events.includes('kill') || events.includes('die')) return nameGone(parts, false);
  return (await readState(container))?.Running ? 'failed' : nameGone(parts, false);
}

/** What the engine noted of a container until now, oldest first: `create`, `start`, `oom`, `kill`, `die` … */
async function listEvents(docker: Docker, containerId: string): Promise<readonly string[]> {
  const { SystemTime } = (await docker.info()) as { readonly SystemTime: string };
  const now = Date.parse(SystemTime) / 1000;
  const stream: NodeJS.ReadableStream = await docker.getEvents({
    since: 0,
    until: now,
    filters: { container: [containerId] },
  });
  return (await readText(stream))
    .split('\n')
    .filter(Boolean)
    .map((line) => (JSON.parse(line) as { readonly Action: string }).Action);
}

function nameOf(container: Container): string {
  return `container ${container.id.slice(0, 12)}`;
}
