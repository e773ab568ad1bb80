import type { Duplex } from 'node:stream';
import type { Container, Exec } from 'dockerode';
import { statusOf } from './engine.ts';
import { createOutputKeeper, splitFrames, type KeptOutput } from './output.ts';

export interface ExecOrder {
  readonly command: readonly string[];
  readonly user: string;
  readonly folder: string;
  readonly stdin?: Buffer;
  readonly environment?: Readonly<Record<string, string>>;
  /** Called with the output as it comes, before anything of it is cut. */
  readonly onOutput?: (bytes: Buffer) => void;
  readonly outputBytes: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * `exited`: the command ended by itself. `timed-out`, `flooded` and `aborted` leave it running, for an exec cannot be
 * killed: the caller removes the container, which ends every process in it. `cut-off`: the engine knows no exit code,
 * or would not run the command because its container runs no more.
 */
export type ExecEnd =
  | { readonly kind: 'exited'; readonly exitCode: number }
  | { readonly kind: 'timed-out' | 'flooded' | 'aborted' | 'cut-off' };

export interface ExecReport extends KeptOutput {
  readonly end: ExecEnd;
}

const pollMs = 400;
/** The stream of a command usually ends a moment before the engine has noted its exit, so that is asked for soon. */
const firstPollMs = 10;
/** Output may arrive a little after the exit is known; a child that holds the stream open must not hold us. */
const drainMs = 300;

/** Runs one command in a running container and keeps its output. Rejects only with the engine's own errors. */
export async function runExec(container: Container, order: ExecOrder): Promise<ExecReport> {
  const keeper = createOutputKeeper(order.outputBytes);
  const started = await startExec(container, order).catch(ignoreNotRunning);
  if (!started) return { ...keeper.finish(), end: { kind: 'cut-off' } };
  const { exec, stream } = started;
  try {
    const ended = waitForEnd(exec, stream, order, keeper);
    if (order.stdin !== undefined) stream.end(order.stdin);
    const end = await ended;
    return { ...keeper.finish(), end };
  } finally {
    stream.destroy();
  }
}

async function startExec(
  container: Container,
  order: ExecOrder,
): Promise<{ readonly exec: Exec; readonly stream: Duplex }> {
  const exec = await container.exec({
    Cmd: [...order.command],
    User: order.user,
    WorkingDir: order.folder,
    ...(order.environment ? { Env: Object.entries(order.environment).map(([name, value]) => `${name}=${value}`) } : {}),
    AttachStdin: order.stdin !== undefined,
    AttachStdout: true,
    AttachStderr: true,
    Tty: false,
  });
  return { exec, stream: await exec.start({ hijack: true, stdin: order.stdin !== undefined }) };
}

/**
 * 409: the container is not running. 404: it is not there any more. Docker 20.10 answers 500 when it ended at that very
 * moment. Why is for the caller to find out.
 */
function ignoreNotRunning(error: unknown): undefined {
  const endedJustNow = statusOf(error) === 500 && /\bis not running\b/.test(String(error));
  if (statusOf(error) === 409 || statusOf(error) === 404 || endedJustNow) return undefined;
  throw error;
}

/**
 * Waits for the exit code, which the engine alone knows: a command may close its output long before it ends, and a
 * child of it may hold the output open long after.
 */
function waitForEnd(
  exec: Exec,
  stream: Duplex,
  { timeoutMs, signal, onOutput }: ExecOrder,
  keeper: ReturnType<typeof createOutputKeeper>,
): Promise<ExecEnd> {
  return new Promise((resolve, reject) => {
    let polling: NodeJS.Timeout | undefined;
    let settled = false;
    let isStreamOpen = true;
    const settle = (act: () => void) => {
      if (settled) return;
      settled = true;
      clearTimeout(limit);
      clearTimeout(polling);
      signal.removeEventListener('abort', onAbort);
      act();
    };
    const finish = (end: ExecEnd) => settle(() => resolve(end));
    const fail = (error: unknown) => settle(() => reject(error instanceof Error ? error : new Error(String(error))));
    const onAbort = () => finish({ kind: 'aborted' });
    const pollIn = (ms: number, nextMs: number) => {
      clearTimeout(polling);
      polling = setTimeout(() => void readExit(exec).then((exit) => onExit(exit, nextMs), fail), ms);
    };
    const onExit = (exit: ExecEnd | undefined, nextMs: number) => {
      if (settled) return;
      if (!exit) return pollIn(nextMs, Math.min(2 * nextMs, pollMs));
      if (!isStreamOpen) return finish(exit);
      clearTimeout(limit);
      polling = setTimeout(() => finish(exit), drainMs);
    };
    const onStreamEnd = () => {
      if (!isStreamOpen || settled) return;
      isStreamOpen = false;
      pollIn(0, firstPollMs);
    };
    // A command that ended just now, and whose exit nobody has asked for yet, was in time.
    const onLimit = () => void readExit(exec).then((exit) => finish(exit ?? { kind: 'timed-out' }), fail);
    const limit = setTimeout(onLimit, timeoutMs);
    pollIn(pollMs, pollMs);
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    const take = splitFrames((bytes) => {
      onOutput?.(bytes);
      if (keeper.add(bytes) === 'flooded') finish({ kind: 'flooded' });
    });
    stream.on('data', take);
    stream.once('end', onStreamEnd);
    stream.once('close', onStreamEnd);
    // Also a command that ends without reading its input; whether the engine is away shows when the exit is read.
    stream.once('error', onStreamEnd);
  });
}

/** Undefined while the command runs. */
async function readExit(exec: Exec): Promise<ExecEnd | undefined> {
  const state = await exec.inspect().catch(ignoreNotRunning);
  if (state?.Running) return undefined;
  const exitCode = state?.ExitCode ?? undefined;
  return exitCode === undefined ? { kind: 'cut-off' } : { kind: 'exited', exitCode };
}
