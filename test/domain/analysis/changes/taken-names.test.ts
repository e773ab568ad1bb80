import { describe, expect, it } from 'vitest';
import { analyse } from '../../../../src/domain/analysis/analyst.ts';
import {
  explainNewValue,
  explainRename,
  explainTakenName,
} from '../../../../src/domain/analysis/changes/contract-diffs.ts';
import { readFlagHunks } from '../../../../src/domain/analysis/changes/diffs.ts';
import { viewDiff } from '../../../../src/domain/analysis/changes/diff-view.ts';
import { findAnswerFault } from '../../../../src/domain/analysis/verify-answer.ts';
import { at, chatter, commit, deploy, incident, repeat } from '../incident.ts';

const errorRatio = {
  name: 'error ratio',
  expression: 'errors / requests',
  labels: {},
  points: Array.from({ length: 90 }, (_, i) => [at(i - 30), i < 70 ? 0.001 + 0.0001 * (i % 3) : 0.5] as const),
};

/** Tours fail from minute 40 on with a KeyError of their own; no line names the service that sends the data. */
function withCallee(diff: readonly string[], calls: Readonly<Record<string, readonly string[]>>) {
  const cleanup = commit('guides', 30, 'tidy up', 'guides/payload.py', diff.join('\n'));
  const logging = commit('tours', 38, 'tell more', 'tours/mail.py', '@@ -3,2 +3,3 @@\n send(m)\n+log.info("sent")\n');
  return incident(
    {
      tours: {
        lines: [
          ...chatter(),
          ...repeat(40, 60, 6, () => ({
            level: 'error',
            message: `cannot plan\nTraceback (most recent call last):\n  File "/app/tours/plan.py", line 9, in plan\n    zone = guide["zone_key"]\nKeyError: 'zone_key'`,
            fields: {},
          })),
        ],
        // Its calls are known to fail by its own doing, as far as figures tell: that alone clears whom it calls.
        series: [errorRatio],
        changes: [logging],
        deploys: [deploy(logging, 39)],
      },
      guides: { lines: chatter(), changes: [cleanup], deploys: [deploy(cleanup, 39)] },
    },
    calls,
  );
}

const rename = [
  '@@ -4,3 +4,3 @@ def payload(guide):',
  '     return {',
  '-        "zone_key": guide.zone,',
  '+        "zone": guide.zone,',
];
const other = [
  '@@ -4,3 +4,3 @@ def payload(guide):',
  '     return {',
  '-        "language": guide.tongue,',
  '+        "tongue": guide.tongue,',
];

describe('a name that a callee no longer sends', () => {
  it('is the cause where its caller asks for it by that name, and sure only as far as a diff alone can be', () => {
    const input = withCallee(rename, { tours: ['guides'] });
    const diagnosis = analyse(input);
    expect(diagnosis).toMatchObject({ verdict: 'cause', service: 'guides', category: 'code-change' });
    expect(diagnosis.statement.map(({ text }) => text).join(' ')).toContain('takes away `zone_key`');
    expect(diagnosis.confidence).toBeLessThan(0.8);
    expect(findAnswerFault(input, diagnosis)).toBeUndefined();
  });

  it('is the cause where nothing is recorded of deploys either, though a commit came nearer to the failure', () => {
    const input = withCallee(rename, { tours: ['guides'] });
    const evidence = input.evidence.filter((item) => item.evidence.kind !== 'deploys');
    const diagnosis = analyse({ ...input, evidence });
    expect(diagnosis).toMatchObject({ verdict: 'cause', service: 'guides', category: 'code-change' });
    expect(diagnosis.confidence).toBeLessThan(0.8);
  });

  it.each([
    ['another name is renamed', other, { tours: ['guides'] }],
    ['the service has nothing to do with the one that fails', rename, { guides: ['maps'], tours: ['maps'] }],
  ])('accuses nobody where %s', (_when, diff, calls) => {
    expect(analyse(withCallee(diff, calls)).service).not.toBe('guides');
  });
});

describe('a flag that goes on', () => {
  const view = (flag: string) =>
    viewDiff(readFlagHunks({ id: 'f1', service: 'tours', flag, at: at(39), from: 'off', to: 'on' }));

  it('renames nothing: `off` is a value', () => {
    expect(explainRename(view('new-plans'))).toBeUndefined();
    expect(explainTakenName(view('new-plans'), 'route is off')).toBeUndefined();
  });

  it('is named by the errors only where they name it whole', () => {
    expect(explainNewValue(view('banner-total'), "reading 'total'")).toBeUndefined();
    expect(explainNewValue(view('new-plans'), 'at tours/new-plans.py')?.what).toContain('`new-plans`');
  });
});
