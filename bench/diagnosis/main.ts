/**
 * Measures the investigation on incidents that nobody here wrote: `npm run bench:diagnosis [-- --only SET --json FILE --verbose]`;
 * `--without changes,graph` takes evidence away, `--live` what came later than a minute after the alert.
 * `--engine claude` lets Claude argue on top of the analyst, and tells calls, tokens and money; without a key it says so and measures nothing.
 * RESIDENT_YARDSTICKS names the folder that holds the sets; without it, or where a set is absent, it skips and says so.
 */
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Bundle } from '../../src/domain/evidence/bundle.ts';
import { addUsage, noUsage, type Engine } from '../../src/domain/diagnosis/engine.ts';
import { askEngine, createClaude, tellSpent } from './ask-engine.ts';
import { cutAtAlert, removableKinds, without } from './ablate.ts';
import { readOptions } from './options.ts';
import { printOutcome, printRun, printSummary, toJson } from './print.ts';
import { runSet, type SetRun } from './run-cases.ts';
import { sets } from './sets.ts';

const usage = `npm run bench:diagnosis -- [--only SET]... [--without KIND,...] [--live] [--engine analyst|claude] [--json FILE] [--verbose]
RESIDENT_YARDSTICKS names the folder that holds the sets: ${sets.map(({ name }) => name).join(', ')}.
Kinds that can be taken away: ${removableKinds.join(', ')}.`;
const values = readOptions(
  {
    only: { type: 'string', multiple: true },
    json: { type: 'string' },
    verbose: { type: 'boolean', default: false },
    without: { type: 'string', default: '' },
    live: { type: 'boolean', default: false },
    engine: { type: 'string', default: 'analyst' },
  },
  usage,
);
const taken = values.without.split(',').filter((kind) => kind !== '');
const unknownKind = taken.find((kind) => !removableKinds.some((one) => one === kind));

/** Not kept in the repository. */
const results = path.resolve(import.meta.dirname, '../results');
const root = process.env['RESIDENT_YARDSTICKS'];
const unknown = values.only?.find((name) => sets.every((set) => set.name !== name));
if (values.engine !== 'analyst' && values.engine !== 'claude') {
  console.error(`There is no engine ${values.engine}. Engines: analyst, claude.`);
  process.exitCode = 2;
} else if (unknown !== undefined) {
  console.error(`There is no set ${unknown}. Sets: ${sets.map(({ name }) => name).join(', ')}.`);
  process.exitCode = 2;
} else if (unknownKind !== undefined) {
  console.error(`There is no kind ${unknownKind} to take away. Kinds: ${removableKinds.join(', ')}.`);
  process.exitCode = 2;
} else if (root === undefined || root === '') {
  console.log('Skipped: RESIDENT_YARDSTICKS does not name the folder that holds the incident data.');
} else if (!statSync(root, { throwIfNoEntry: false })?.isDirectory()) {
  console.error(`RESIDENT_YARDSTICKS names ${root}, which is no folder; name the one that holds the sets.`);
  process.exitCode = 2;
} else {
  await measure(root);
}

async function measure(folder: string): Promise<void> {
  const runs: SetRun[] = [];
  const claude = values.engine === 'claude' ? await createClaude(results) : undefined;
  if (values.engine === 'claude' && !claude) {
    console.log(
      '--engine claude: skipped, ANTHROPIC_API_KEY is not set; without --engine the built-in analyst is measured.',
    );
    return;
  }
  let spent = addUsage(noUsage, noUsage);
  const analyse = async (engine: Engine, bundle: Bundle) => {
    const { analysis, usage } = await askEngine(engine, bundle);
    spent = addUsage(spent, usage);
    return analysis;
  };
  for (const set of sets.filter(({ name }) => values.only?.includes(name) ?? true)) {
    // What measures one method of ours alone has nothing to ask a model.
    if (claude && 'run' in set) continue;
    if (!set.isPresent(folder)) {
      console.log(`${set.name}: skipped, it is not below RESIDENT_YARDSTICKS.\n`);
      continue;
    }
    const run = await runSet(set, folder, {
      alter,
      ...(values.verbose ? { onCase: printOutcome } : {}),
      ...(claude ? { analyse: (bundle: Bundle) => analyse(claude, bundle) } : {}),
    });
    printRun(run, values.verbose);
    runs.push(run);
  }
  if (runs.length === 0) return;
  const outcomesFile = writeOutcomes(runs);
  printSummary(runs, outcomesFile);
  if (claude) console.log(tellSpent(claude.name, spent));
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(toJson(runs), null, 2)}\n`);
}

function alter(bundle: Bundle): Bundle {
  const kept = without(bundle, taken);
  return values.live ? cutAtAlert(kept) : kept;
}

/** Every case with what was said and what is so. */
function writeOutcomes(runs: readonly SetRun[]): string {
  mkdirSync(results, { recursive: true });
  const file = path.join(results, `diagnosis-${new Date().toISOString().replace(/[:.]/g, '-')}.json`);
  const cases = runs.map(({ set, outcomes }) => ({ set: set.name, outcomes }));
  writeFileSync(file, `${JSON.stringify(cases, null, 2)}\n`);
  return path.relative('.', file);
}
