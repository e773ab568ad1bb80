import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { without } from '../bench/diagnosis/ablate.ts';
import { confidentFrom } from '../bench/diagnosis/run-cases.ts';
import { readExpected } from '../src/adapters/bundle/expected.ts';
import { manifestFile } from '../src/adapters/bundle/layout.ts';
import { readBundle } from '../src/adapters/bundle/read.ts';
import { compareBundles } from '../src/cli/compare-bundles.ts';
import { analyseBundle } from '../src/domain/analysis/analysis.ts';
import { compareExpected } from '../src/domain/analysis/compare-expected.ts';

const folder = path.join(import.meta.dirname, 'incidents');
const incidents = readdirSync(folder);

/** So few would hardly be a corpus, and an empty folder would pass every other test here. */
const fewestIncidents = 20;
/** What a checkout is asked to carry, in bytes. */
const mostBytes = { one: 60_000, all: 1_000_000 };

describe('the incidents that the project keeps', () => {
  test(`are ${fewestIncidents} or more, and small`, () => {
    expect(incidents.length).toBeGreaterThanOrEqual(fewestIncidents);
    const sizes = incidents.map((name) => ({ name, bytes: measureFolder(path.join(folder, name)) }));
    expect(sizes.filter(({ bytes }) => bytes > mostBytes.one)).toEqual([]);
    expect(sizes.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(mostBytes.all);
  });

  test.each(incidents)('%s: a note says what is decidable, and why', (name) => {
    const { note } = JSON.parse(readFileSync(path.join(folder, name, manifestFile), 'utf8')) as { note?: string };
    expect(note).toMatch(/decidable/i);
  });

  test.each(incidents)('%s: the answer is right', async (name) => {
    const [compared] = await compareBundles([path.join(folder, name)], false);
    expect({ result: compared?.result, differences: compared?.differences }).toEqual({
      result: 'right',
      differences: [],
    });
  });

  test.each(incidents)('%s: without a kind of evidence nothing wrong is told with confidence', async (name) => {
    const bundle = await readBundle(path.join(folder, name));
    // Less evidence may make an answer less sure: only what it says is compared.
    const truth = { ...(await readExpected(path.join(folder, name))), minConfidence: 0 };
    const kinds = new Set(bundle.input.evidence.map(({ evidence }) => evidence.kind));
    const wrong = ['graph', ...kinds].flatMap((kind) => {
      const analysis = analyseBundle(without(bundle, [kind]));
      const differences = compareExpected(truth, analysis);
      const { confidence } = analysis.diagnosis;
      return confidence >= confidentFrom && differences.length > 0 ? [{ kind, confidence, differences }] : [];
    });
    expect(wrong).toEqual([]);
  });
});

function measureFolder(inside: string): number {
  const files = readdirSync(inside, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, entry) => sum + statSync(path.join(entry.parentPath, entry.name)).size, 0);
}
