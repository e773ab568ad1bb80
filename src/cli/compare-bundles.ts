import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { readExpected, writeExpected } from '../adapters/bundle/expected.ts';
import { BundleError } from '../adapters/bundle/faults.ts';
import { manifestFile } from '../adapters/bundle/layout.ts';
import { readBundle } from '../adapters/bundle/read.ts';
import { analyseBundle, type Analysis } from '../domain/analysis/analysis.ts';
import { compareExpected, toExpected } from '../domain/analysis/compare-expected.ts';
import { CommandEnd, exitCodes } from './exit.ts';
import { paint, plain, renderTable } from './output.ts';

/** How one bundle of many went. */
export interface ComparedBundle {
  readonly bundle: string;
  /** `new` where nothing is expected yet, `broken` where the bundle could not be read. */
  readonly result: 'right' | 'wrong' | 'new' | 'broken';
  /** What differs from what was expected, or is wrong with the bundle. */
  readonly differences: readonly string[];
  readonly analysis?: Analysis;
}

/**
 * Analyses every bundle below the folders; a folder that is a bundle counts as itself.
 * @param accept keep each answer as the expected one
 */
export async function compareBundles(folders: readonly string[], accept: boolean): Promise<readonly ComparedBundle[]> {
  const compared: ComparedBundle[] = [];
  for (const bundle of folders.flatMap(findBundles)) compared.push(await compareOne(bundle, accept));
  return compared;
}

function findBundles(folder: string): readonly string[] {
  if (existsSync(path.join(folder, manifestFile))) return [folder];
  const below = existsSync(folder)
    ? readdirSync(folder)
        .map((name) => path.join(folder, name))
        .filter((inside) => existsSync(path.join(inside, manifestFile)))
        .sort()
    : [];
  if (below.length > 0) return below;
  throw new CommandEnd(
    exitCodes.usage,
    `${folder} is no bundle and holds none: neither it nor a folder in it has a ${manifestFile}.`,
  );
}

async function compareOne(bundle: string, accept: boolean): Promise<ComparedBundle> {
  try {
    const analysis = analyseBundle(await readBundle(bundle));
    if (accept) await writeExpected(bundle, toExpected(analysis));
    const expected = await readExpected(bundle);
    const differences = expected === undefined ? [] : compareExpected(expected, analysis);
    const result = expected === undefined ? 'new' : differences.length === 0 ? 'right' : 'wrong';
    return { bundle, result, differences, analysis };
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    return { bundle, result: 'broken', differences: error.message.split('\n') };
  }
}

export function renderCompared(compared: readonly ComparedBundle[]): string {
  const rows = compared.map(({ bundle, result, analysis }) => {
    const said = analysis?.diagnosis;
    return [
      plain(path.basename(bundle)),
      result,
      plain(said === undefined ? '' : said.service || said.verdict),
      plain(said?.change.slice(0, 12) ?? ''),
      said?.category ?? '',
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
    .filter(({ differences }) => differences.length > 0)
    .map(({ bundle, differences }) => `\n${[path.basename(bundle), ...differences].map(plain).join('\n  ')}\n`);
  return `${table}\n${differing.join('')}\n${paint('bold', counts.join(', '))}`;
}

/** 2 where a bundle is broken, 1 where an answer is not the expected one. */
export function endOfComparison(compared: readonly ComparedBundle[]): number {
  if (compared.some(({ result }) => result === 'broken')) return exitCodes.usage;
  return compared.some(({ result }) => result === 'wrong') ? exitCodes.failed : exitCodes.done;
}
