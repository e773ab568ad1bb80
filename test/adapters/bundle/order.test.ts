import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readBundle } from '../../../src/adapters/bundle/read.ts';
import { analyseBundle } from '../../../src/domain/analysis/analysis.ts';

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'resident-order-'));
});

afterEach(() => rm(folder, { recursive: true }));

/** The same permutation in each run (Park and Miller's generator). */
function shuffle<T>(items: readonly T[]): T[] {
  let state = 7;
  return items
    .map((item) => ({ item, key: (state = (state * 48_271) % 2_147_483_647) }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}

/** Changes the order of the records of a kind, and that of the points within each. */
async function shuffleRecords(kind: 'logs' | 'metrics'): Promise<number> {
  let moved = 0;
  for (const name of await readdir(path.join(folder, kind))) {
    const file = path.join(folder, kind, name);
    const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
    const told = lines.map((line) => {
      const { points, ...record } = JSON.parse(line) as { readonly points?: readonly unknown[] };
      return JSON.stringify(points ? { ...record, points: shuffle(points) } : record);
    });
    const shuffled = kind === 'logs' ? shuffle(told) : told;
    moved += shuffled.filter((line, i) => line !== lines[i]).length;
    await writeFile(file, `${shuffled.join('\n')}\n`);
  }
  return moved;
}

async function answer() {
  const { diagnosis, firstFailingService, blastRadius, remediation } = analyseBundle(await readBundle(folder));
  const { verdict, service, change, category, condition, confidence } = diagnosis;
  return { verdict, service, change, category, condition, confidence, firstFailingService, blastRadius, remediation };
}

test.each([
  ['cause-that-nobody-recorded', 'logs'],
  ['leak-deployed-hours-before', 'logs'],
  ['surge-beside-innocent-deploy', 'logs'],
  ['cause-that-nobody-recorded', 'metrics'],
  ['leak-deployed-hours-before', 'metrics'],
  ['surge-beside-innocent-deploy', 'metrics'],
] as const)('%s has the same answer whatever the order of its %s', async (incident, kind) => {
  await cp(path.join('test/incidents', incident), folder, { recursive: true });
  const before = await answer();
  expect(await shuffleRecords(kind)).toBeGreaterThan(0);
  expect(await answer()).toEqual(before);
});
