import { describe, expect, it } from 'vitest';
import { explainClimb } from '../../../../src/domain/analysis/changes/climbs-since.ts';
import { viewDiff } from '../../../../src/domain/analysis/changes/diff-view.ts';
import { readHunks } from '../../../../src/domain/analysis/changes/diffs.ts';
import { gatherFacts } from '../../../../src/domain/analysis/facts.ts';
import { at, commit, incident } from '../incident.ts';

/** Memory that is level and climbs from minute −10 on. */
const facts = gatherFacts(
  incident(
    {
      quotes: {
        series: [
          {
            name: 'memory working set bytes',
            expression: 'memory working set bytes',
            labels: {},
            points: Array.from({ length: 90 }, (_, i) => [at(i - 30), 2e8 + (i % 3) * 1e6 + Math.max(0, i - 20) * 1e7]),
          },
        ],
      },
    },
    { quotes: [] },
  ),
);
const explain = (minute: number, diff: string, service = 'quotes') =>
  explainClimb(
    facts,
    service,
    viewDiff(readHunks(commit(service, minute, 'x', 'app/quote.py', `@@ -1,1 +1,5 @@\n${diff}`))),
    Date.parse(at(minute)),
    60_000,
  ).map(({ strength }) => strength)[0];
const keeps = '+_quotes = {}\n+def quote(key):\n+    _quotes[key] = ask(key)\n+    return _quotes[key]';
const says = '-    say("a")\n+    say("b")';

describe('a climb that begins with a deploy', () => {
  it('speaks against it, and more so where its diff keeps what it is given', () => {
    expect(explain(-11, says)).toBeGreaterThanOrEqual(0.5);
    expect(explain(-11, keeps)).toBeGreaterThan(explain(-11, says) ?? 1);
    expect(explain(-11, '+    stream = open(path)\n+    return stream.read()')).toBeGreaterThan(
      explain(-11, says) ?? 1,
    );
  });

  it('says nothing of a deploy long before or after it, nor of other services', () => {
    expect(explain(-30, keeps)).toBeUndefined();
    expect(explain(20, keeps)).toBeUndefined();
    expect(explain(-11, keeps, 'rates')).toBeUndefined();
  });
});
