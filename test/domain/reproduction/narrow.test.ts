import { describe, expect, it } from 'vitest';
import { judgeRuns } from '../../../src/domain/reproduction/judge.ts';
import { describeFirstBad, narrow } from '../../../src/domain/reproduction/narrow.ts';
import type { Tried } from '../../../src/domain/reproduction/tried.ts';
import type {
  Reproduction,
  SandboxRequest,
  SandboxRun,
  SourceArchive,
} from '../../../src/domain/reproduction/reproduction.ts';

const run: SandboxRun = {
  service: 'app',
  revision: 'r',
  command: ['test'],
  end: 'failed',
  exitCode: 1,
  durationMs: 5,
  outputTail: 'Error: no',
};
const gap = { good: ['a'], bad: 'z', count: 40 };
const first: Reproduction = {
  verdict: 'reproduced',
  suspectService: 'app',
  suspect: 'y',
  before: 'a',
  firstBad: 'z',
  gap,
  runs: [run, run],
  imageDigest: 'i',
  reason: '',
};

describe('narrow', () => {
  it('takes the answer of the second round and the runs of both', () => {
    const second: Reproduction = {
      ...first,
      gap: undefined!,
      suspect: 'z',
      before: 'k',
      firstBad: 'm',
      firstBadKind: 'lockfile',
      runs: [run],
    };
    expect(narrow(first, second)).toMatchObject({
      suspect: 'y',
      before: 'k',
      firstBad: 'm',
      firstBadKind: 'lockfile',
      runs: [run, run, run],
    });
    expect(narrow(first, second).gap).toBeUndefined();
  });

  it('believes no proof that ends otherwise when it is looked at again', () => {
    const second: Reproduction = { ...first, verdict: 'not-reproduced', reason: 'It passes.' };
    expect(narrow(first, second)).toMatchObject({
      verdict: 'flaky',
      reason: expect.stringContaining('It passes.') as string,
    });
  });

  it('keeps the gap where the second round cannot run', () => {
    expect(narrow(first, { ...first, verdict: 'cannot-run', runs: [] })).toEqual(first);
    expect(describeFirstBad(first)).toBe('It is one of 41 commits that z ends; not each was tried.');
  });
});

/** Revisions by their number; `ends` says how each ends. */
function judge(
  request: Pick<SandboxRequest, 'history' | 'gaps'>,
  ends: readonly ('good' | 'bad' | 'skip')[],
  suspectIndex: number,
) {
  const codes = { good: 0, bad: 1, skip: 125 };
  const kinds = ['code', 'configuration', 'lockfile'] as const;
  const revisions = ends.map((_, index): SourceArchive => ({
    ...{ service: 'app', revision: `r${index}`, digest: '', bytes: 0 },
    change: kinds[index % 3]!,
  }));
  const tried: Tried[] = [];
  for (;;) {
    const next = judgeRuns({
      request: { ...request, revisions, suspectIndex, command: ['test'] },
      tried,
      hasTime: true,
    });
    if (next.kind === 'judged') return { judged: next.judged, order: tried.map(({ index }) => index) };
    const exitCode = codes[ends[next.index]!];
    const end = exitCode === 0 ? 'passed' : 'failed';
    const shown = {
      failures: [],
      report: { passed: [], failed: [] },
      match: 'unknown',
      matchReason: '',
    } as unknown as Tried['shown'];
    const own = { ...run, revision: `r${next.index}`, end, exitCode } as const;
    tried.push({ index: next.index, run: own, ...(exitCode === 1 && shown ? { shown } : {}) });
  }
}

describe('judgeRuns over a history', () => {
  it('tries the parent of the suspect after it, wherever that stands', () => {
    const history = [[], [0], [0], [1], [2, 3]];
    const { judged, order } = judge({ history }, ['good', 'good', 'good', 'bad', 'bad'], 3);
    expect(order.slice(0, 2)).toEqual([3, 1]);
    expect(judged).toMatchObject({ verdict: 'reproduced', firstBad: 'r3', before: 'r1', firstBadKind: 'code' });
  });

  it('names all that it may be where revisions before it cannot be judged, and no kind', () => {
    const { judged } = judge({}, ['good', 'skip', 'skip', 'bad', 'bad'], 4);
    expect(judged).toMatchObject({ firstBad: 'r3', candidates: ['r1', 'r2', 'r3'], before: 'r0' });
    expect(judged).not.toHaveProperty('firstBadKind');
  });

  it('names the gap where commits before the first bad one were not packed', () => {
    const { judged } = judge({ gaps: [0, 7, 9, 3, 5] }, ['good', 'good', 'bad', 'bad', 'bad'], 4);
    expect(judged).toMatchObject({ firstBad: 'r2', gap: { good: ['r1', 'r0'], bad: 'r2', count: 9 } });
    expect(judge({ gaps: [0, 7, 0, 3, 5] }, ['good', 'good', 'bad', 'bad', 'bad'], 4).judged).not.toHaveProperty('gap');
  });
});
