import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { readExpected, writeExpected } from '../adapters/bundle/expected.ts';
import { BundleError } from '../adapters/bundle/faults.ts';
import { manifestFile } from '../adapters/bundle/layout.ts';
import { readBundle } from '../adapters/bundle/read.ts';
import { analyseBundle, type Analysis } from '../domain/analysis/analysis.ts';
import { compareExpected, toExpected, type ExpectedAnswer } from '../domain/analysis/compare-expected.ts';
import { CommandEnd, exitCodes } from './exit.ts';
import { paint, plain, renderTable } from './output.ts';

/** How one bundle of many went. */
export interface ComparedBundle {
  readonly bundle: string;
  /** `new` where nothing is expected yet, `broken` where the bundle could not be read. */
  readonly result: 'right' | 'wrong' | 'new' | 'broken';
  /** What differs from what was expected, or is wrong with the bundle. */
  readonly differences: readonly string[];
  /** What `--accept` wrote into expected.json, such as `service: web -> payment`. */
  readonly written: readonly string[];
  readonly analysis?: Analysis;
}

/**
 * Analyses every bundle below the folders; a folder that is a bundle counts as itself.
 * @param accept write into each expected.json what differs from it, and a whole one where there is none
 */
export async function compareBundles(folders: readonly string[], accept: boolean): Promise<readonly ComparedBundle[]> {
  const compared: ComparedBundle[] = [];
  for (const bundle of folders.flatMap(findBundles)) compared.push(await compareOne(bundle, accept));
  return compared;
}

function findBundles(folder: string): readonly string[] {
  if (!existsSync(folder)) throw new CommandEnd(exitCodes.usage, `${folder} does not exist.`);
  if (existsSync(path.join(folder, manifestFile))) return [folder];
  const below = listBundlesIn(folder);
  if (below.length > 0) return below;
  throw new CommandEnd(
    exitCodes.usage,
    `${folder} is no bundle and holds none: neither it nor a folder in it has a ${manifestFile}.`,
  );
}

/** The bundles that lie in a folder; none where it is no folder. */
export function listBundlesIn(folder: string): readonly string[] {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return [];
  return readdirSync(folder)
    .map((name) => path.join(folder, name))
    .filter((inside) => existsSync(path.join(inside, manifestFile)))
    .sort();
}

async function compareOne(bundle: string, accept: boolean): Promise<ComparedBundle> {
  try {
    const analysis = analyseBundle(await readBundle(bundle));
    const before = await readExpected(bundle);
    const expected = accept ? acceptAnswer(before, analysis) : before;
    const written = expected === before || expected === undefined ? [] : tellWritten(before ?? {}, expected);
    if (expected !== undefined && written.length > 0) await writeExpected(bundle, expected);
    const differences = expected === undefined ? [] : compareExpected(expected, analysis);
    const result = expected === undefined ? 'new' : differences.length === 0 ? 'right' : 'wrong';
    return { bundle, result, differences, written, analysis };
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    return { bundle, result: 'broken', differences: error.message.split('\n'), written: [] };
  }
}

/** People choose which keys they expect anything of: those stay, with their values unless the answer differs. */
function acceptAnswer(expected: ExpectedAnswer | undefined, analysis: Analysis): ExpectedAnswer {
  if (expected === undefined) return toExpected(analysis);
  const { confidence } = analysis.diagnosis;
  const said: ExpectedAnswer = { ...toExpected(analysis), minConfidence: confidence, maxConfidence: confidence };
  const differs = (key: string, value: unknown) => compareExpected({ [key]: value }, analysis).length > 0;
  return Object.fromEntries(
    Object.entries(expected).map(([key, value]) => [
      key,
      differs(key, value) ? said[key as keyof ExpectedAnswer] : value,
    ]),
  );
}

function tellWritten(before: ExpectedAnswer, after: ExpectedAnswer): readonly string[] {
  const show = (value: string | number | readonly string[] | undefined) => String(value ?? '') || 'nothing';
  return (Object.keys(after) as (keyof ExpectedAnswer)[])
    .filter((key) => before[key] !== after[key])
    .map((key) => `${key}: ${show(before[key])} -> ${show(after[key])}`);
}

export function renderCompared(compared: readonly ComparedBundle[]): string {
  const rows = compared.map(({ bundle, result, analysis }) => {
    const said = analysis?.diagnosis;
    return [
      plain(path.basename(bundle)),
      result,
      ...nameAnswer(said),
      said === undefined ? '' : said.confidence.toFixed(2),
    ];
  });
  const counts = (['right', 'wrong', 'new', 'broken'] as const)
    .map((result) => ({ result, count: compared.filter((item) => item.result === result).length }))
    .filter(({ count }) => count > 0)
    .map(({ result, count }) => `${count} ${result}`);
  const table = renderTable(['BUNDLE', 'RESULT', 'SERVICE', 'CHANGE', 'CATEGORY', 'CONFIDENCE'], rows);
  // Below the table and not in it: a terminal of 80 columns would break every row.
  const differing = compared
    .map(({ bundle, differences, written }) => [
      path.basename(bundle),
      ...differences,
      ...written.map((line) => `expected.json ${line}`),
    ])
    .filter((lines) => lines.length > 1)
    .map((lines) => `\n${lines.map(plain).join('\n  ')}\n`);
  return `${table}\n${differing.join('')}\n${paint('bold', counts.join(', '))}`;
}

/** Service, change and category of a cause. Whom another answer is about is not blamed, so that its verdict stands there. */
function nameAnswer(said: Analysis['diagnosis'] | undefined): readonly string[] {
  if (said === undefined) return ['', '', ''];
  if (said.verdict !== 'cause') return [said.verdict === 'no-fault' ? 'no fault' : said.verdict, '', ''];
  return [plain(said.service), plain(said.change.slice(0, 12)), said.category];
}

/** 2 where a bundle is broken, 1 where an answer is not the expected one. */
export function endOfComparison(compared: readonly ComparedBundle[]): number {
  if (compared.some(({ result }) => result === 'broken')) return exitCodes.usage;
  return compared.some(({ result }) => result === 'wrong') ? exitCodes.failed : exitCodes.done;
}
