import { describe, expect, it } from 'vitest';
import { listPrinted, weighWords } from '../../../src/domain/reproduction/printed-words.ts';
import type { FailureSignature, SandboxRun, SignatureMatch } from '../../../src/domain/reproduction/reproduction.ts';
import type { Tried } from '../../../src/domain/reproduction/tried.ts';

const answered: FailureSignature = { template: 'user-service answered <*>', frames: [] };
const lost: FailureSignature = { template: 'connection lost', frames: [] };
const short: FailureSignature = { template: 'failed', frames: [] };

describe('words of production in an output', () => {
  it('are found in text and in JSON, each error once, and never by one word alone', () => {
    const lines = ['it failed', '{"msg":"user-service answered 17"}', 'user-service answered 18', 'connection lost: x'];
    expect(listPrinted(lines, [lost, short, answered])).toEqual([answered, lost]);
    expect(listPrinted(['all is well'], [lost])).toEqual([]);
  });
});

function makeRun(end: SandboxRun['end']): SandboxRun {
  const base = { service: 'app', revision: 'r', command: ['x'], durationMs: 1, outputTail: '' };
  return { ...base, end, exitCode: end === 'passed' ? 0 : 1 };
}

function fail(printed: readonly string[], instead: SignatureMatch): Tried {
  const show = (match: SignatureMatch, matchReason: string) => ({
    run: { ...makeRun('failed'), match },
    shown: { failures: [], report: { failed: [] }, match, matchReason },
  });
  return { index: 1, ...show('same', 'By words.'), printed, withoutWords: show(instead, 'Without words.') };
}

function pass(...printed: readonly string[]): Tried {
  return { index: 0, run: makeRun('passed'), printed };
}

describe('the weight of words', () => {
  const reasonsOf = (tried: readonly Tried[]) => tried.map(({ shown }) => shown?.matchReason);

  it('stays while one of them is printed by no run that passes', () => {
    expect(reasonsOf(weighWords([fail(['a', 'b'], 'unknown'), pass('a')]))).toEqual(['By words.', undefined]);
    expect(reasonsOf(weighWords([fail(['a'], 'unknown'), fail(['a'], 'unknown')]))).toEqual(['By words.', 'By words.']);
  });

  it('goes where runs that pass print all of them, in the run as in what is shown', () => {
    const [weighed] = weighWords([fail(['a', 'b'], 'unknown'), pass('a'), pass('b')]);
    expect(weighed).toMatchObject({ run: { match: 'unknown' }, shown: { match: 'unknown' } });
    expect(weighed?.shown?.matchReason).toMatch(/^Runs that pass print .* Without words\.$/);
  });

  it('is not spoken of where something else tells the same', () => {
    expect(reasonsOf(weighWords([fail(['a'], 'same'), pass('a')]))).toEqual(['Without words.', undefined]);
  });
});
