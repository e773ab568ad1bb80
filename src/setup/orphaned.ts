const lookEveryMs = 300;

/**
 * Calls back once when the process that started us is gone. `npm run` hands a signal to its shell alone, and the shell does not
 * hand it on: without this a killed `npm run` would leave us running.
 */
export function whenOrphaned(end: () => void): void {
  const startedBy = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === startedBy) return;
    clearInterval(timer);
    end();
  }, lookEveryMs);
  timer.unref();
}
