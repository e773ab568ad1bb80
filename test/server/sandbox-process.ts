import { makeSandbox, runInside } from './sandbox-harness.ts';

/** A worker of its own with a sandbox at work, to be killed by the test, or to be left alone. */
const [, , runId = 'run-of-the-dead'] = process.argv;
await runInside(makeSandbox(), ['sleep', '120'], {
  runId,
  limits: { memoryMb: 64, cpus: 1, timeoutMs: 120_000, outputBytes: 1_000 },
});
