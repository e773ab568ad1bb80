import { setTimeout as sleep } from 'node:timers/promises';

/** Something that must not outlive this process. */
export interface Dependant {
  /** Ends it in good order. */
  readonly stop: () => Promise<void>;
  /** Ends it at once and without waiting: the last thing that this process does. */
  readonly endNow: () => void;
}

/** Signals reach a process, not a caller, so what hangs on this process is noted once for all of it. */
const dependants = new Set<Dependant>();
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Ties something to the life of this process: it is ended when we exit, and on SIGINT, SIGTERM and SIGHUP where nobody else
 * listens for them (who listens has taken the shutting-down upon himself). Gives back how to untie it.
 */
export function endWithUs(dependant: Dependant): () => void {
  if (dependants.size === 0) listen();
  dependants.add(dependant);
  return () => {
    if (dependants.delete(dependant) && dependants.size === 0) unlisten();
  };
}

function listen(): void {
  process.on('exit', endAllNow);
  for (const signal of signals) process.on(signal, onSignal);
}

function unlisten(): void {
  process.off('exit', endAllNow);
  for (const signal of signals) process.off(signal, onSignal);
}

function endAllNow(): void {
  for (const dependant of dependants) dependant.endNow();
}

function onSignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return;
  const limit = sleep(30_000, undefined, { ref: false });
  const stopped = Promise.allSettled([...dependants].map(async (dependant) => dependant.stop()));
  void Promise.race([stopped, limit]).then(() => {
    endAllNow();
    for (const each of signals) process.off(each, onSignal);
    process.kill(process.pid, signal);
  });
}
