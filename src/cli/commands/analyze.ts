import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { BundleError } from '../../adapters/bundle/faults.ts';
import { manifestFile } from '../../adapters/bundle/layout.ts';
import { readBundle } from '../../adapters/bundle/read.ts';
import { analyseBundle } from '../../domain/analysis/analysis.ts';
import type { Bundle } from '../../domain/evidence/bundle.ts';
import { countOf } from '../../domain/text.ts';
import { toAnalysisJson } from '../analysis-json.ts';
import {
  compareBundles,
  endOfComparison,
  listBundlesIn,
  renderCompared,
  type ComparedBundle,
} from '../compare-bundles.ts';
import { CommandEnd, exitCodes } from '../exit.ts';
import { say, sayJson } from '../output.ts';
import { renderAnalysis } from '../render-analysis.ts';

interface AnalyzeOptions {
  readonly json?: boolean;
  readonly compare?: boolean;
  readonly accept?: boolean;
}

export function addAnalyze(program: Command): void {
  program
    .command('analyze')
    .description('diagnose a bundle of evidence offline, with the built-in analyst')
    .argument('<bundle...>', 'folder of a bundle; with --compare folders of bundles')
    .option('--compare', 'analyse many, and hold each against its expected.json')
    .option('--accept', 'with --compare: write what differs into each expected.json, and tell it')
    .option('--json', 'print JSON')
    .action(async (folders: readonly string[], options: AnalyzeOptions) => {
      if (options.compare) return compare(folders, options);
      const [folder = '', ...more] = folders;
      if (more.length > 0 || options.accept) {
        const what = more.length > 0 ? `${folders.length} bundles at once` : '--accept';
        throw new CommandEnd(exitCodes.usage, `analyze takes ${what} only with --compare.`);
      }
      const bundle = await read(folder);
      const analysis = analyseBundle(bundle);
      if (options.json) sayJson(toAnalysisJson(analysis));
      else say(renderAnalysis(bundle, analysis));
    });
}

async function read(folder: string): Promise<Bundle> {
  try {
    return await readBundle(folder);
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    const inside = listBundlesIn(folder);
    if (inside.length > 0 && !existsSync(path.join(folder, manifestFile)))
      throw new CommandEnd(
        exitCodes.usage,
        `${folder} is no bundle, and holds ${countOf(inside.length, 'bundle')}: analyze one, or all by resident analyze --compare ${folder}`,
      );
    throw new CommandEnd(
      exitCodes.usage,
      `${folder} cannot be analysed, ${countOf(error.faults.length, 'fault')}:\n${error.message}`,
    );
  }
}

async function compare(folders: readonly string[], { json, accept = false }: AnalyzeOptions): Promise<void> {
  const compared = await compareBundles(folders, accept);
  if (json) sayJson(compared.map(toComparedJson));
  else say(renderCompared(compared));
  const code = endOfComparison(compared);
  if (code !== exitCodes.done) throw new CommandEnd(code, '');
}

function toComparedJson({ bundle, result, differences, written, analysis }: ComparedBundle) {
  return { bundle, result, differences, written, ...(analysis ? toAnalysisJson(analysis) : { diagnosis: null }) };
}
