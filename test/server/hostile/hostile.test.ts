import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { address, isEngineThere } from '../sandbox-harness.ts';
import { ablation, judgeAblation, runAblation } from './ablation.ts';
import { openArena } from './arena.ts';
import { hostileCases, listedCases, runCase } from './run-case.ts';

const arena = isEngineThere ? await openArena(address) : { missing: 'There is no Docker engine.' };
const isMissing = 'missing' in arena;
if (isMissing) console.warn(`SKIPPED: the hostile cases. ${arena.missing}`);

afterAll(async () => {
  if (!isMissing) await arena.close();
});

describe('the table of hostile cases', () => {
  it('holds every case of the reviewed list, and more than six of our own', () => {
    const numbers = hostileCases.map(({ number }) => number);
    const listed = numbers.filter((number) => typeof number === 'number');
    expect(listed).toEqual(Array.from({ length: listedCases }, (_, index) => index + 1));
    expect(numbers.length - listed.length).toBeGreaterThan(6);
    expect(new Set(numbers).size).toBe(numbers.length);
  });
});

describe.each(hostileCases)('case $number: $name', (hostile) => {
  it.each(['', '[exit 64]', '[timed-out]', 'no probe of this name\n[exit 64]', 'exec: no such file\n[exit 127]'])(
    'takes a broken probe (%j) neither for blocked nor for a control that bit',
    (seen) => {
      expect(hostile.isBlocked(seen)).toBe(false);
      expect(hostile.isReached(seen)).toBe(false);
      expect(hostile.isReachedInPart?.(seen) ?? false).toBe(false);
    },
  );
});

it('a setting whose absence breaks the probe, so that it shows nothing, is not taken for one that was noticed', () => {
  for (const { caughtBy } of ablation) {
    const hostile = hostileCases.find(({ number }) => number === caughtBy)!;
    expect(judgeAblation(hostile, '[exit 64]'), hostile.name).toBe('missed');
  }
  const calls = hostileCases.find(({ number }) => number === 26)!;
  expect(judgeAblation(calls, 'ptrace: EPERM\nkcmp: EPERM')).toBe('missed');
  expect(judgeAblation(calls, 'ptrace: ok\nkcmp: EPERM')).toBe('caught');
});

describe('docs/sandbox.md', () => {
  it('tells each setting whose absence is noticed, with the case that notices', () => {
    const page = readFileSync(path.resolve(import.meta.dirname, '../../../docs/sandbox.md'), 'utf8');
    const told = [...page.matchAll(/^\| .* \| .* \| ((?:own-)?\d+) \|$/gm)].map(([, number]) => number);
    expect(told).toEqual(ablation.map(({ caughtBy }) => String(caughtBy)));
  });
});

describe.skipIf(isMissing)('the sandbox stops', () => {
  it.each(hostileCases.map((hostile) => [hostile.number, hostile.name, hostile] as const))(
    'case %s: %s',
    async (_number, _name, hostile) => {
      if (isMissing) return;
      const result = await runCase(arena, hostile);
      expect(result.blocked, `the sandbox let it through: ${result.seen}`).toBe(true);
      expect(result.control, `the probe does not bite without ${result.by}: ${result.controlSeen}`).not.toBe('missed');
      if (result.control === 'none') console.warn(`NO CONTROL HERE: case ${result.number}: ${result.by}`);
    },
  );
});

describe.skipIf(isMissing)('a sandbox that lacks one setting is noticed', () => {
  it.each(ablation.map((row) => [row.weakness.without, row.caughtBy, row] as const))(
    'without %s: by case %s',
    async (_without, _caughtBy, row) => {
      if (isMissing) return;
      const { end, seen } = await runAblation(arena, row);
      expect(end, `still blocked, or nothing was shown: ${seen}`).not.toBe('missed');
      if (end === 'none') console.warn(`NOT SHOWN HERE: without ${row.weakness.without}: ${seen}`);
    },
  );
});
