import type { PerformInput } from '../../src/activities/contract.ts';
import { createPerformAction } from '../../src/activities/remediate/perform-action.ts';
import { makePorts, type World } from './actions-harness.ts';

/** A worker in small: performs the action of its argument, and prints what came of it. */
const { world, input, pollMs } = JSON.parse(process.argv[2] ?? '') as {
  world: World;
  input: PerformInput;
  pollMs: number;
};
const perform = createPerformAction(await makePorts(world, { pollMs }));
try {
  process.stdout.write(JSON.stringify(await perform(input)));
} catch (error) {
  process.stdout.write(JSON.stringify({ error: (error as { type?: string }).type ?? String(error) }));
}
process.exit(0);
