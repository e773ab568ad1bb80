import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';

export interface KeepAliveOptions {
  readonly role: string;
  readonly spawn: () => ChildProcess;
  readonly onSpawn: (pid: number) => void;
  readonly onMessage?: (message: unknown) => void;
  /** Called when the child has died, with why, and after how long the next one is started. */
  readonly onDeath: (why: string, restartInMs: number) => void;
  readonly firstDelayMs?: number;
  readonly longestDelayMs?: number;
}

export interface KeptAlive {
  /** Ends the child in good order, and by force after `withinMs`. */
  stop(withinMs?: number): Promise<void>;
}

/** A child that lived this long was well: the next death is a new trouble, and is answered at once. */
const healthyAfterMs = 10_000;

/** Keeps one child process running until it is stopped; deaths in a row are answered ever more slowly. */
export function keepAlive(options: KeepAliveOptions): KeptAlive {
  const { firstDelayMs = 200, longestDelayMs = 5_000 } = options;
  const ending = new AbortController();
  let child: ChildProcess | undefined;

  async function run(): Promise<void> {
    let delayMs = firstDelayMs;
    while (!ending.signal.aborted) {
      const startedAt = Date.now();
      child = options.spawn();
      if (options.onMessage) child.on('message', options.onMessage);
      if (child.pid !== undefined) options.onSpawn(child.pid);
      const why = await awaitEnd(child);
      if (ending.signal.aborted) return;
      if (Date.now() - startedAt >= healthyAfterMs) delayMs = firstDelayMs;
      options.onDeath(why, delayMs);
      // Stopping ends the wait.
      await delay(delayMs, undefined, { signal: ending.signal }).catch(() => undefined);
      delayMs = Math.min(delayMs * 2, longestDelayMs);
    }
  }

  const running = run();
  return {
    stop: async (withinMs = 10_000) => {
      ending.abort();
      child?.kill('SIGTERM');
      const force = setTimeout(() => child?.kill('SIGKILL'), withinMs);
      await running;
      clearTimeout(force);
    },
  };
}

function awaitEnd(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ? `killed by ${signal}` : `exit code ${code}`));
  });
}
