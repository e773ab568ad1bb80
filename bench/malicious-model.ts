/**
 * A model that means harm answers the real workflow on a Temporal dev server, ten thousand times and more, while people and forgers decide
 * on the plans that come of it: `npm run bench:malicious -- [--answers 10000] [--seed 1] [--at-once 24] [--patience 0.9] [--restarts 4]`.
 */
import { parseArgs } from 'node:util';
import { cacheFolder } from '../src/config.ts';
import { buildWorkflowBundle } from '../src/workers/workflow-bundle.ts';
import { findTemporal } from '../test/find-program.ts';
import { startHarness } from '../test/workflows/incident-harness.ts';
import { listBreakages, runMalicious } from '../test/workflows/malicious-run.ts';

const { values } = parseArgs({
  options: {
    answers: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    'at-once': { type: 'string', default: '24' },
    patience: { type: 'string', default: '0.9' },
    restarts: { type: 'string', default: '4' },
  },
});
const program = await findTemporal();
if (!program) throw new Error('There is no Temporal program; `npm run demo` fetches one.');
const { harness, stop } = await startHarness(program, await buildWorkflowBundle(cacheFolder()));
const startedMs = Date.now();
const seconds = () => Math.round((Date.now() - startedMs) / 1_000);
let toldAt = 0;
const counts = await runMalicious({
  harness,
  seed: Number(values.seed),
  answers: Number(values.answers),
  incidentsAtOnce: Number(values['at-once']),
  patience: Number(values.patience),
  restarts: Number(values.restarts),
  report: ({ answers }, incidents) => {
    if (seconds() < toldAt + 30) return;
    toldAt = seconds();
    console.error(`${answers} answers, ${incidents} incidents over, ${toldAt} s`);
  },
}).finally(stop);

const { ledger, actions, actionsWithoutApproval, failedTasks, failedWorkflows } = counts;
const breakages = listBreakages(counts);
console.log(`${ledger.answers} fuzzed answers drove the real workflow code (seed ${values.seed}), ${seconds()} s`);
console.log(
  `  ${counts.incidents} incidents, ${counts.workflows} workflows, ${counts.events} events in their histories`,
);
console.log(`  workers stopped and started ${counts.restarts} times while incidents ran`);
console.log(`  ${ledger.questions} questions were answered; ${ledger.late} approvals came too late`);
console.log(`  outcomes ${JSON.stringify(counts.outcomes)}`);
console.log(`  diagnoses that stood, by engine ${JSON.stringify(counts.engines)}`);
console.log(`  answers by kind ${JSON.stringify(ledger.byKind)}`);
console.log(`${actionsWithoutApproval} actions without an approval of the same digest, of ${actions}`);
console.log(`${ledger.gateRefusals} forged requests were refused by the last judgement before an action`);
console.log(`${failedWorkflows + failedTasks} crashes of a workflow`);
console.log(`${ledger.refusals} refusals, each readable`);
console.log(`${breakages.length} broken promises`);
for (const breakage of breakages.slice(0, 20)) console.log(`  ${breakage}`);
if (breakages.length > 0) process.exitCode = 1;
