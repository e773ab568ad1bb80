import { call, input } from './case.ts';
import { createDyingEngine } from './dying-engine.ts';

/** One step in a process of its own, for tests that kill it. */
const engine = await createDyingEngine();
process.stdout.write(JSON.stringify(await engine.step(input, { call })));
