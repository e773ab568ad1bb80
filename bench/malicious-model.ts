import { parseArgs } from 'node:util';
import { attackReason } from '../test/adapters/claude/attack-reason.ts';

/** Prints what a model that means harm got from the engine: `npx tsx bench/malicious-model.ts [--answers 10000] [--seed 1]`. */
const { values } = parseArgs({
  options: { answers: { type: 'string', default: '10000' }, seed: { type: 'string', default: '1' } },
});
const startedMs = Date.now();
const counts = await attackReason(Number(values.seed), Number(values.answers));
const { faults, ...shown } = counts;
console.log(
  JSON.stringify({ seed: Number(values.seed), ...shown, seconds: (Date.now() - startedMs) / 1_000 }, null, 2),
);
console.log(`${faults.length} broken invariants`);
for (const fault of faults.slice(0, 20)) console.log(`  ${fault}`);
if (faults.length > 0) process.exitCode = 1;
