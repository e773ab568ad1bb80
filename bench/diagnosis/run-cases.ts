import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readBundle } from '../../src/adapters/bundle/read.ts';
import { writeBundle } from '../../src/adapters/bundle/write.ts';
import { analyseBundle, type Analysis } from '../../src/domain/analysis/analysis.ts';
import type { Bundle } from '../../src/domain/evidence/bundle.ts';
import { tellFailed, tryCase, type DirectSet, type Outcome, type YardstickSet } from './run-set.ts';

/** How a set went. */
export interface SetRun {
  readonly set: DirectSet | YardstickSet;
  readonly outcomes: readonly TimedOutcome[];
  readonly tookMs: number;
}

export interface TimedOutcome extends Outcome {
  /** Reading and analysing; converting a foreign format is not the product's work and is left out. */
  readonly tookMs?: number;
}

/** A confidence from which on a person believes what they read. */
export const confidentFrom = 0.8;

/** Said with confidence, and not so. */
export function isConfidentlyWrong({ result, confidence = 0 }: Outcome): boolean {
  return result === 'wrong' && confidence >= confidentFrom;
}

export interface RunOptions {
  /** Hears of each case as it ends. */
  readonly onCase?: (outcome: TimedOutcome) => void;
  /** What is done to each bundle before it is written, for example taking evidence away. */
  readonly alter?: (bundle: Bundle) => Bundle;
  /** Who argues; the built-in analyst, through a written bundle, where absent. */
  readonly analyse?: (bundle: Bundle) => Promise<Analysis>;
}

/** Runs a set, case after case. A case that throws is an outcome as well. */
export async function runSet(
  set: DirectSet | YardstickSet,
  root: string,
  { onCase = () => undefined, alter = (bundle) => bundle, analyse }: RunOptions = {},
): Promise<SetRun> {
  const startedMs = performance.now();
  const outcomes: TimedOutcome[] = [];
  const runCase = async (of: YardstickSet, name: string): Promise<TimedOutcome> => {
    const bundle = alter(await of.load(root, name));
    const { analysis, tookMs } = await (analyse ? timed(() => analyse(bundle)) : analyseAsUser(bundle));
    return { ...of.score(root, name, analysis), tookMs };
  };
  try {
    if ('run' in set) outcomes.push(...(await set.run(root)));
    else
      for (const name of set.listCases(root)) {
        const outcome = await tryCase(set, name, () => runCase(set, name));
        outcomes.push(outcome);
        onCase(outcome);
      }
  } catch (error) {
    // What lists the cases could not be read; the other sets are measured nevertheless.
    outcomes.push(tellFailed(set, set.name, error));
  }
  return { set, outcomes, tookMs: performance.now() - startedMs };
}

/** Writes the bundle to a folder and analyses that, as `resident analyze` does. */
export async function analyseAsUser(bundle: Bundle): Promise<{ readonly analysis: Analysis; readonly tookMs: number }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'resident-bundle-'));
  try {
    await writeBundle(folder, bundle);
    return await timed(async () => analyseBundle(await readBundle(folder)));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function timed(work: () => Promise<Analysis>): Promise<{ readonly analysis: Analysis; readonly tookMs: number }> {
  const startedMs = performance.now();
  return { analysis: await work(), tookMs: performance.now() - startedMs };
}

/** Mean of each figure over the cases that have it. */
export function meanMetrics(outcomes: readonly Outcome[]): Readonly<Record<string, number>> {
  const values = new Map<string, number[]>();
  for (const { metrics = {} } of outcomes) {
    for (const [name, value] of Object.entries(metrics)) values.set(name, [...(values.get(name) ?? []), value]);
  }
  return Object.fromEntries([...values].map(([name, list]) => [name, mean(list)]));
}

export interface ReliabilityBin {
  readonly from: number;
  readonly to: number;
  readonly answers: number;
  readonly meanConfidence: number;
  /** Share of the answers that were right. */
  readonly accuracy: number;
}

/**
 * Reliability table: answers in bins of confidence, each with the share that was right (DeGroot and Fienberg 1983; with the bins of the
 * expected calibration error, Naeini et al. 2015). Who abstains gives no answer, nor does who rightly finds
 * that there is nothing to name.
 */
export function tabulateReliability(outcomes: readonly Outcome[]): {
  readonly bins: readonly ReliabilityBin[];
  /** Mean distance of confidence and accuracy, weighted by answers. */
  readonly expectedCalibrationError: number;
} {
  const answers = outcomes.filter(({ result, confidence }) => result !== 'abstained' && confidence !== undefined);
  const edges = [0, 0.2, 0.4, 0.6, 0.8, 0.9, 1.0001];
  const bins = edges.slice(0, -1).flatMap((from, i): readonly ReliabilityBin[] => {
    const to = edges[i + 1] ?? 1;
    const own = answers.filter(({ confidence = 0 }) => confidence >= from && confidence < to);
    if (own.length === 0) return [];
    return [
      {
        from,
        to: Math.min(1, to),
        answers: own.length,
        meanConfidence: mean(own.map(({ confidence = 0 }) => confidence)),
        accuracy: mean(own.map(({ result }) => Number(result === 'right'))),
      },
    ];
  });
  const off = bins.reduce((sum, bin) => sum + bin.answers * Math.abs(bin.meanConfidence - bin.accuracy), 0);
  return { bins, expectedCalibrationError: off / Math.max(1, answers.length) };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
