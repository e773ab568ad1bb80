import { expect, it } from 'vitest';
import type { PackInput } from '../../src/activities/contract.ts';
import type { Reproduction, SandboxRequest } from '../../src/domain/reproduction.ts';
import { describeWithServer } from './incident-harness.ts';

const [good, middle, bad] = ['a', 'b', 'c'].map((digit) => digit.repeat(40));

describeWithServer('reproduction', (harness) => {
  it('looks a second time into the gap that a long window leaves, and ends when it is closed', async () => {
    const asked: PackInput['gap'][] = [];
    const reproduction = (rest: Partial<Reproduction>): Reproduction => ({
      verdict: 'reproduced',
      suspectService: 'any',
      suspect: bad!,
      before: good!,
      firstBad: bad!,
      runs: [],
      imageDigest: 'sha256:image',
      reason: '',
      ...rest,
    });
    const incident = await harness().open({
      mode: 'observe',
      decision: 'forbid',
      overrides: {
        packSources: async ({ gap }) => {
          asked.push(gap);
          return { suspectService: 'any', gaps: gap ? [] : [0, 40] } as unknown as SandboxRequest;
        },
        runReproduction: async ({ gaps = [] }) =>
          gaps.length > 0
            ? reproduction({ gap: { good: [good!], bad: bad!, count: 40 } })
            : reproduction({ firstBad: middle!, firstBadKind: 'lockfile' }),
      },
    });
    const state = await incident.result();
    expect(asked).toEqual([undefined, { good: [good], bad, count: 40 }]);
    expect(state.reproduction).toMatchObject({ verdict: 'reproduced', firstBad: middle, firstBadKind: 'lockfile' });
    expect(state.reproduction).not.toHaveProperty('gap');
    expect(state.timeline.map(({ text }) => text).join('\n')).toContain('which versions of dependencies');
  });
});
