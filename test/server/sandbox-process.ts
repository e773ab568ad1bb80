import { makeSandbox, runInside } from './sandbox-harness.ts';

/** A worker of its own with a sandbox at work, to be killed by the test. */
await runInside(makeSandbox(), ['sleep', '15'], { runId: 'run-of-the-dead' });
