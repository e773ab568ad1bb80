import { describe, expect, it } from 'vitest';
import { examine } from '../../../src/domain/analysis/examine-service.ts';
import { coincidence, measureExposure } from '../../../src/domain/analysis/changes/exposure.ts';
import { gatherFacts } from '../../../src/domain/analysis/facts.ts';
import type { EngineInput } from '../../../src/domain/diagnosis/engine.ts';
import { findAnswerFault } from '../../../src/domain/analysis/verify-answer.ts';
import { contractChange, expectSound, shorterGrants } from './contract-change.ts';
import { at, chatter, commit, deploy, incident, repeat } from './incident.ts';

/** The caller's commit touches the very line that throws; the callee's renames what that line reads. */
const seen = commit(
  'booking',
  20,
  'note the cabin',
  'lib/book.js',
  ['@@ -30,2 +30,2 @@ function book(order) {', '-  store(order);', '+  store({ ...order, cabin: true });'].join('\n'),
);
const fares = commit(
  'fares',
  21,
  'fares with currency',
  'src/answer.py',
  [
    '@@ -5,3 +5,3 @@ def answer(fare):',
    '-    return {"cents": fare.cents, "class": fare.cls}',
    '+    return {"fare": {"amount": fare.cents}, "class": fare.cls}',
  ].join('\n'),
);
const readme = commit('fares', 22, 'how to run', 'README.md', '@@ -1 +1 @@\n-a\n+b');
const stack =
  "TypeError: Cannot read properties of undefined (reading 'toFixed')\n    at book (/app/lib/book.js:30:14)\n    at serve (/app/lib/serve.js:6:3)";
const graph = { booking: ['fares'], fares: [] };

interface Story {
  readonly callerAt: number;
  readonly calleeAt?: number;
  readonly series?: Parameters<typeof incident>[0][string]['series'];
  readonly lines?: ReturnType<typeof chatter>;
}

/** `booking` throws from minute 50 on, for every second line or so. */
function throwing({ callerAt, calleeAt, series, lines = chatter() }: Story): EngineInput {
  const errors = repeat(50, 60, 10, () => ({ level: 'error', message: 'unhandled error', fields: { stack } }));
  return incident(
    {
      booking: { lines: [...lines, ...errors], changes: [seen], deploys: [deploy(seen, callerAt)] },
      fares: {
        lines: chatter(),
        ...(series ? { series } : {}),
        ...(calleeAt === undefined
          ? {}
          : {
              changes: [fares, readme],
              deploys: [{ ...deploy(readme, calleeAt), previous: fares.parent ?? '' }],
            }),
      },
    },
    graph,
  );
}

describe('the time of a change, held against the onset', () => {
  it('clears a frame in changed lines that had served traffic without the failure when a callee changed', () => {
    const diagnosis = expectSound(throwing({ callerAt: 30, calleeAt: 49.9 }));
    expect(diagnosis).toMatchObject({ verdict: 'cause', service: 'fares', change: fares.id });
    expect(diagnosis.alternatives).toEqual([{ service: 'booking', suspects: [seen.id], before: seen.parent }]);
    expect(diagnosis.ruledOut[0]).toMatchObject({ candidate: seen.id });
    expect(diagnosis.ruledOut[0]?.reason).toMatch(/at work for 1200 s and \d+ lines of booking without one failure/);
    expect(diagnosis.ruledOut.at(-1)).toMatchObject({ candidate: readme.id, reason: 'it touches only documentation' });
  });

  it('still names an old change where no other came with the onset, though less surely than a new one', () => {
    const diagnosis = expectSound(throwing({ callerAt: 30 }));
    expect(diagnosis).toMatchObject({ verdict: 'cause', service: 'booking', change: seen.id });
    expect(diagnosis.confidence).toBeGreaterThan(0.6);
  });

  it('says that it cannot tell when both sides of a call changed at the onset, and offers both to the sandbox', () => {
    const input = throwing({ callerAt: 49.9, calleeAt: 49.9 });
    const diagnosis = expectSound(input);
    expect(diagnosis.verdict).toBe('inconclusive');
    expect(diagnosis.alternatives?.map((item) => item.service).sort()).toEqual(['booking', 'fares']);
    expect(diagnosis.alternatives?.flatMap((item) => item.suspects)).not.toContain(readme.id);
    const stranger = { ...diagnosis, alternatives: [{ service: 'fares', suspects: ['f'.repeat(40)] }] };
    expect(findAnswerFault(input, stranger)).toContain('not collected');
  });

  it('expects no failure of a change that saw no traffic, and many of one that did', () => {
    const busy = measureExposure(gatherFacts(throwing({ callerAt: 30 })), 'booking', Date.parse(at(30)));
    expect(busy?.expected).toBeGreaterThan(20);
    expect(busy?.seconds).toBe(20 * 60);
    expect(coincidence(busy)).toBeLessThan(0.01);
    const idle = gatherFacts(throwing({ callerAt: 30, lines: [...chatter(-30, 29), ...chatter(50, 60)] }));
    expect(measureExposure(idle, 'booking', Date.parse(at(30)))).toMatchObject({ expected: 0, lines: 0 });
  });

  it('still accuses a lifetime that was cut half an hour before, though a neighbour was deployed at the onset', () => {
    const input = contractChange();
    const evidence = input.evidence.map((item) =>
      item.body?.kind === 'deploys' && item.body.service === 'ledger'
        ? { ...item, body: { ...item.body, deploys: item.body.deploys.map((d) => ({ ...d, at: at(49, 58) })) } }
        : item,
    );
    const diagnosis = expectSound({ ...input, evidence });
    expect(diagnosis).toMatchObject({ verdict: 'cause', service: 'identity', change: shorterGrants.id });
    expect(diagnosis.alternatives?.map((item) => item.service)).toContain('ledger');
  });

  it('rules no change out because a latency had wavered before it', () => {
    const points = Array.from({ length: 90 }, (_, n) => [at(n - 30), n < 70 ? 10 + (n % 3) : 30] as const);
    const series = [{ name: 'mean duration', expression: 'x', labels: {}, points }];
    const input = throwing({ callerAt: 30, calleeAt: 49.9, series });
    expect(expectSound(input)).toMatchObject({ verdict: 'cause', service: 'fares', change: fares.id });
    const { findings, summary } = examine({
      service: 'fares',
      evidence: input.evidence.filter((item) => item.evidence.service === 'fares'),
      dependencies: [],
    });
    expect(summary).toBe('fares looks unusual: mean duration left its normal range.');
    expect(findings.find((finding) => finding.kind === 'metric-change')?.weight).toBeLessThan(0.5);
  });
});
