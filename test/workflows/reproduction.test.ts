import { expect, it } from 'vitest';
import type { PackInput } from '../../src/activities/contract.ts';
import type { Reproduction, SandboxRequest } from '../../src/domain/reproduction/reproduction.ts';
import { describeWithServer } from './incident-harness.ts';

const [good, middle, bad] = ['a', 'b', 'c'].map((digit) => digit.repeat(40));

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

describeWithServer('reproduction', (harness) => {
  it('asks for the last commit of the line where the failure shows, but not of a test of another service', async () => {
    const located = async (frame: NonNullable<Reproduction['frame']>) => {
      const asked: string[] = [];
      const incident = await harness().open({
        mode: 'observe',
        decision: 'forbid',
        overrides: {
          packSources: async () => ({}) as unknown as SandboxRequest,
          runReproduction: async () => reproduction({ frame }),
          locateFailure: async ({ location }) => {
            asked.push(location.file);
            return { ...location, commit: middle!, subject: 'Count vat' };
          },
        },
      });
      const { reproduction: told, timeline } = await incident.result();
      return { asked, frame: told?.frame, told: timeline.map(({ text }) => text).join('\n') };
    };
    const own = await located({ service: 'any', revision: bad!, file: 'src/total.js', line: 12 });
    expect(own.frame).toMatchObject({ commit: middle, subject: 'Count vat' });
    expect(own.told).toContain('It shows at src/total.js:12 of any, which bbbbbbbbbbbb last touched: "Count vat".');
    const test = { service: 'other', revision: bad!, file: 'test/total.test.js', line: 12 };
    expect(await located(test)).toMatchObject({ asked: [], frame: test });
  });

  it('says of what could not run that it could not be tried, not that it was not reproduced', async () => {
    const incident = await harness().open({ mode: 'observe', decision: 'forbid' });
    const texts = (await incident.result()).timeline.map(({ text }) => text);
    expect(texts).toContain('Could not be tried: this is a fake');
  });

  it('looks a second time into the gap that a long window leaves, and ends when it is closed', async () => {
    const asked: PackInput['gap'][] = [];
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
    const texts = state.timeline.map(({ text }) => text);
    expect(texts.filter((text) => /blames|^Reproduc/.test(text))).toEqual([
      expect.stringContaining(' blames ') as string,
      expect.stringMatching(/^Reproducing: does it fail with b{12} of \S+, and not before\?$/) as string,
      expect.stringMatching(/^Reproducing: which commit up to c{12} of \S+ is the first that fails\?$/) as string,
      expect.stringContaining('which versions of dependencies') as string,
    ]);
  });
});
