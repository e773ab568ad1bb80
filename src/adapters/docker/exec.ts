import type { Duplex } from 'node:stream';
import type { Container, Exec } from 'dockerode';
import { createOutputKeeper, splitFrames, type KeptOutput } from './output.ts';

export interface ExecOrder {
  readonly command: readonly string[];
  readonly user: string;
  readonly folder: string;
  readonly stdin?: Buffer;
  readonly outputBytes: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * `exited`: the command ended by itself. The others leave it running, for an exec cannot be killed: the caller removes
 * the container, which ends every process in it. `cut-off`: the stream ended though the command had no exit code.
 */
export type ExecEnd =
  | { readonly kind: 'exited'; readonly exitCode: number }
  | { readonly kind: 'timed-out' | 'flooded' | 'aborted' | 'cut-off' };

export interface ExecReport extends KeptOutput {
  readonly end: ExecEnd;
}

const pollMs = 400;
/** Output may arrive a little after the exit is known; a child that holds the stream open must not hold us. */
const drainMs = 300;

/** Runs one command in a running container and keeps its output. Rejects only with the engine's own errors. */
export async function runExec(container: Container, order: ExecOrder): Promise<ExecReport> {
  const exec = await container.exec({
    Cmd: [...order.command],
    User: order.user,
    WorkingDir: order.folder,
    AttachStdin: order.stdin !== undefined,
    AttachStdout: true,
    AttachStderr: true,
    Tty: false,
  });
  const stream = await exec.start({ hijack: true, stdin: order.stdin !== undefined });
  const keeper = createOutputKeeper(order.outputBytes);
  try {
    const ended = waitForEnd(exec, stream, order, keeper);
    if (order.stdin !== undefined) stream.end(order.stdin);
    const reason = await ended;
    if (reason !== 'closed') return { ...keeper.finish(), end: { kind: reason } };
    return { ...keeper.finish(), end: await readExit(exec) };
  } finally {
    stream.destroy();
  }
}

type Ended = 'closed' | 'timed-out' | 'flooded' | 'aborted';

function waitForEnd(
  exec: Exec,
  stream: Duplex,
  { timeoutMs, signal }: ExecOrder,
  keeper: ReturnType<typeof createOutputKeeper>,
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const timers: NodeJS.Timeout[] = [];
    let settled = false;
    const settle = (act: () => void) => {
      settled = true;
      timers.forEach(clearTimeout);
      signal.removeEventListener('abort', onAbort);
      act();
    };
    const finish = (reason: Ended) => settle(() => resolve(reason));
    const fail = (error: unknown) => settle(() => reject(error instanceof Error ? error : new Error(String(error))));
    const onAbort = () => finish('aborted');
    const poll = () => {
      exec.inspect().then(({ Running }) => {
        if (settled) return;
        timers.push(setTimeout(Running ? poll : () => finish('closed'), Running ? pollMs : drainMs));
      }, fail);
    };
    timers.push(
      setTimeout(() => finish('timed-out'), timeoutMs),
      setTimeout(poll, pollMs),
    );
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    const take = splitFrames((bytes) => {
      if (keeper.add(bytes) === 'flooded') finish('flooded');
    });
    stream.on('data', take);
    stream.once('end', () => finish('closed'));
    stream.once('close', () => finish('closed'));
    // Also a command that ends without reading its input; whether the engine is away shows when the exit is read.
    stream.once('error', () => finish('closed'));
  });
}

async function readExit(exec: Exec): Promise<ExecEnd> {
  // The stream can end a moment before the engine has noted the exit.
  for (let tries = 0; tries < 20; tries += 1) {
    const { Running, ExitCode } = await exec.inspect();
    if (!Running) return ExitCode === null ? { kind: 'cut-off' } : { kind: 'exited', exitCode: ExitCode };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { kind: 'cut-off' };
}
