import { isConfidentlyWrong, meanMetrics, tabulateReliability, type SetRun, type TimedOutcome } from './run-cases.ts';

/** One case, as it ends. */
export function printOutcome({ case: name, result, confidence, said, expected, tookMs }: TimedOutcome): void {
  const sure = confidence === undefined ? '' : ` at ${confidence.toFixed(2)}`;
  const took = tookMs === undefined ? '' : `, ${Math.round(tookMs)} ms`;
  console.log(`  ${result.padEnd(9)} ${name}${sure}: ${said}${result === 'right' ? '' : ` (is ${expected})`}${took}`);
}

/** A set: counts, each figure beside what others published and what was asked, and the cases that went wrong. */
export function printRun({ set, outcomes, tookMs }: SetRun, isVerbose: boolean): void {
  const counts = tally(outcomes);
  console.log(
    `${set.name}: ${counts.right} of ${counts.cases} right, ${counts.wrong} wrong, ${counts.abstained} abstained, ${counts.failed.length} failed; decoys blamed ${counts.decoysBlamed}; confident and wrong ${counts.confidentWrong}; ${(tookMs / 1000).toFixed(1)} s`,
  );
  for (const [name, value] of Object.entries(meanMetrics(outcomes))) {
    const goal = set.goals?.[name];
    const published = (set.published ?? [])
      .filter(({ metric }) => metric === name)
      .map(({ who, value: figure }) => `${who} ${format(figure)}`);
    const beside = [...(goal === undefined ? [] : [`goal ${format(goal)}`]), ...published].join('; ');
    console.log(`  ${name.padEnd(34)} ${format(value).padStart(8)}${beside === '' ? '' : `   ${beside}`}`);
  }
  if (!isVerbose) for (const outcome of outcomes) if (outcome.result !== 'right') printOutcome(outcome);
  console.log('');
}

/** What holds for all sets together. */
export function printSummary(runs: readonly SetRun[], outcomesFile: string): void {
  const outcomes = runs.flatMap((run) => run.outcomes);
  const { bins, expectedCalibrationError } = tabulateReliability(outcomes);
  console.log('reliability (answers; neither abstentions nor calm cases):');
  console.log('  confidence   answers   mean confidence   right');
  for (const { from, to, answers, meanConfidence, accuracy } of bins) {
    const range = `${from.toFixed(1)}-${to.toFixed(1)}`;
    console.log(
      `  ${range.padEnd(10)} ${String(answers).padStart(9)} ${format(meanConfidence).padStart(17)} ${format(accuracy).padStart(7)}`,
    );
  }
  console.log(`  expected calibration error ${format(expectedCalibrationError)}`);
  console.log(`confident and wrong: ${outcomes.filter(isConfidentlyWrong).length} of ${outcomes.length}`);
  const seconds = runs.reduce((sum, run) => sum + run.tookMs, 0) / 1000;
  console.log(
    `${seconds.toFixed(1)} s in all; peak memory ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB; every case in ${outcomesFile}`,
  );
}

/** What `--json FILE` writes. */
export function toJson(runs: readonly SetRun[]) {
  return {
    sets: runs.map(({ set, outcomes }) => {
      const { cases, right, decoysBlamed, confidentWrong, failed } = tally(outcomes);
      const metrics = meanMetrics(outcomes);
      return {
        ...{ set: set.name, cases, right, decoysBlamed, confidentWrong, metrics },
        ...(failed.length > 0 ? { failed } : {}),
      };
    }),
  };
}

function tally(outcomes: readonly TimedOutcome[]) {
  const count = (result: TimedOutcome['result']) => outcomes.filter((outcome) => outcome.result === result).length;
  return {
    cases: outcomes.length,
    right: count('right'),
    wrong: count('wrong'),
    abstained: count('abstained'),
    failed: outcomes
      .filter(({ result }) => result === 'failed')
      .map(({ case: name, said: reason }) => ({ case: name, reason })),
    decoysBlamed: outcomes.reduce((sum, { decoysBlamed = 0 }) => sum + decoysBlamed, 0),
    confidentWrong: outcomes.filter(isConfidentlyWrong).length,
  };
}

function format(value: number): string {
  return Math.abs(value) >= 1000 ? Math.round(value).toLocaleString('en') : value.toFixed(3);
}
