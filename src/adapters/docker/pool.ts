import { availableParallelism, totalmem } from 'node:os';

/** Lets `size` pieces of work run at once; the others wait in the order in which they came. */
export interface Pool {
  readonly size: number;
  /** Runs `work` when its turn comes. Rejects with the signal's reason when that is aborted while it waits. */
  run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T>;
}

export function createPool(size: number): Pool {
  const waiting: (() => void)[] = [];
  let free = size;

  function takeTurn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        waiting.splice(waiting.indexOf(begin), 1);
        reject(signal.reason as Error);
      };
      const begin = () => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      waiting.push(begin);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  return {
    size,
    async run(signal, work) {
      signal.throwIfAborted();
      // A turn that is given back goes straight to the next in line: nobody who comes later can take it.
      if (free > 0) free -= 1;
      else await takeTurn(signal);
      try {
        return await work();
      } finally {
        const next = waiting.shift();
        if (next) next();
        else free += 1;
      }
    },
  };
}

/** Memory that one sandbox is reckoned with: the default limit of a service. */
const typicalMemoryMb = 512;
const mostAtOnce = 16;

/** How many sandboxes a machine runs at once: one a processor, as long as they take half of its memory at most. */
export function suggestConcurrent(
  cpus: number = availableParallelism(),
  memoryMb: number = totalmem() / 1024 / 1024,
): number {
  return Math.max(1, Math.min(cpus, Math.floor(memoryMb / 2 / typicalMemoryMb), mostAtOnce));
}
