import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';

export interface KeepAliveOptions {
  readonly role: string;
  readonly spawn: () => ChildProcess;
  readonly onSpawn: (pid: number) => void;
  readonly onMessage?: (message: unknown) => void;
  /** Called when the child has died, with why, and after how long the next one is started; undefined when none is. */
  readonly onDeath: (why: string, restartInMs: number | undefined) => void;
  /**
   * Whether a child of this role has ever done its work. Given, one that never did and ends by itself soon, three times in a
   * row, is given up: what keeps it from starting will not go away by itself.
   */
  readonly hasBeenUp?: () => boolean;
  readonly firstDelayMs?: number;
  readonly longestDelayMs?: number;
}

export interface KeptAlive {
  /** Ends the child in good order, and by force after `withinMs`. */
  stop(withinMs?: number): Promise<void>;
}

/** A child that lived this long was well: the next death is a new trouble, and is answered at once. */
const healthyAfterMs = 10_000;
const hopelessAfter = 3;
/** Longer than any start takes by itself, and shorter than the patience with a Temporal server that is away. */
const soonMs = 45_000;

/** Keeps one child process running until it is stopped; deaths in a row are answered ever more slowly. */
export function keepAlive(options: KeepAliveOptions): KeptAlive {
  const { firstDelayMs = 200, longestDelayMs = 5_000 } = options;
  const ending = new AbortController();
  let child: ChildProcess | undefined;

  async function run(): Promise<void> {
    let delayMs = firstDelayMs;
    let quickEnds = 0;
    while (!ending.signal.aborted) {
      const startedAt = Date.now();
      child = options.spawn();
      if (options.onMessage) child.on('message', options.onMessage);
      if (child.pid !== undefined) options.onSpawn(child.pid);
      const { why, isOwn } = await awaitEnd(child);
      if (ending.signal.aborted) return;
      const livedMs = Date.now() - startedAt;
      if (livedMs >= healthyAfterMs) delayMs = firstDelayMs;
      quickEnds = isOwn && livedMs < soonMs ? quickEnds + 1 : 0;
      if (quickEnds >= hopelessAfter && options.hasBeenUp?.() === false) return options.onDeath(why, undefined);
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

/** How a child ended, and whether it ended by itself: one that is killed has not shown that it cannot start. */
function awaitEnd(child: ChildProcess): Promise<{ readonly why: string; readonly isOwn: boolean }> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ why: error.message, isOwn: true }));
    child.once('exit', (code, signal) =>
      resolve(signal ? { why: `killed by ${signal}`, isOwn: false } : { why: `exit code ${code}`, isOwn: true }),
    );
  });
}
