import { loadavg } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { readDemo, runDemo, toHistoryFigures } from './demo-history.ts';
import { isMet, renderTable, type Figure } from './figures.ts';
import { measureIntake } from './intake.ts';
import { measureOrchestration } from './orchestration.ts';
import { describeMachine, keepResults } from './record.ts';
import { startStage } from './stage.ts';

const help = `npm run bench -- [options]

Measures Resident against programs that use the bare Temporal SDK, on the same dev server, in one run.

  --quick         fewer rounds, and no demo: a look, not a measurement
  --demo FILE     take the history figures from the JSON of an earlier demo
  --check         exit with 1 when a target is missed
  --help          this text

Raw results: bench/results/<time>.json
`;

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    demo: { type: 'string' },
    check: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

async function run(): Promise<void> {
  const raw: Record<string, unknown> = {
    at: new Date().toISOString(),
    quick: options.quick,
    machine: describeMachine(),
  };
  const figures = await measureOnServer(raw);
  if (options.demo !== undefined || !options.quick) {
    if (options.demo === undefined) say('demo: one incident, as a user runs it …');
    const demo = options.demo === undefined ? await runDemo() : await readDemo(options.demo);
    raw['demo'] = { outcome: demo.outcome, history: demo.history, phasesMs: demo.phasesMs };
    figures.push(...toHistoryFigures(demo));
  }
  raw['loadAfter'] = loadavg();
  raw['figures'] = figures.map((figure) => ({ ...figure, met: isMet(figure) }));
  const file = await keepResults(raw);
  process.stdout.write(`${renderTable(figures)}\n\nRaw results: ${path.relative(process.cwd(), file)}\n`);
  if (options.quick && options.demo === undefined) say('--quick: the history of the demo was not measured.');
  if (options.check && !figures.every(isMet)) process.exitCode = 1;
}

async function measureOnServer(raw: Record<string, unknown>): Promise<Figure[]> {
  const stage = await startStage();
  try {
    raw['temporal'] = stage.temporalVersion;
    // Before the intake: no worker may run for the incidents that the intake opens.
    say('orchestration: from alert to proposal, and the same activities in a bare workflow …');
    const orchestration = await measureOrchestration(stage, options.quick ? 4 : 20);
    raw['orchestration'] = orchestration.raw;
    say('intake: alerts through the gateway, and bare signalWithStart …');
    const intake = await measureIntake(stage, options.quick ? { rounds: 3, alerts: 200 } : { rounds: 9, alerts: 600 });
    raw['intake'] = intake.raw;
    return [...intake.figures, ...orchestration.figures];
  } finally {
    await stage.stop();
  }
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

if (options.help) process.stdout.write(help);
else {
  await run().catch((error: unknown) => {
    say(`bench: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  });
}
