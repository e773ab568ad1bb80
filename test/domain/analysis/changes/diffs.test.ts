import { describe, expect, it } from 'vitest';
import { explainHarmless, readHunks } from '../../../../src/domain/analysis/changes/diffs.ts';
import { findNumberChanges } from '../../../../src/domain/analysis/changes/numbers-in-diffs.ts';
import { commit } from '../incident.ts';

describe('diffs', () => {
  const of = (path: string, ...lines: string[]) =>
    commit('svc', 0, 'x', path, ['@@ -1,3 +1,3 @@', ...lines].join('\n'));
  const reason = (change: ReturnType<typeof of>) => explainHarmless(change, readHunks(change));

  it('that cannot do harm are told apart from those that can', () => {
    expect(reason(of('docs/guide.md', '-a', '+b'))).toContain('documentation');
    expect(reason(of('src/a_test.go', '-a', '+b'))).toContain('tests');
    expect(reason(of('src/a.py', '-# old words', '+# new words'))).toContain('comments');
    expect(reason(of('src/a.js', '-  run( x )', '+    run(x)'))).toContain('white space');
    expect(reason(of('src/a.js', "-  log.info('a');", "+  log.info('b');"))).toContain('logged');
    expect(reason(of('src/a.js', '-  const limit = 5;', '+  const limit = 4;'))).toBeUndefined();
    expect(reason(of('src/a.js'))).toBeUndefined();
  });

  it('tell which constant moved, with units worked out', () => {
    const numbers = (...lines: string[]) => findNumberChanges(readHunks(of('a', ...lines)));
    expect(numbers('-TTL = 24 * 60 * 60', '+TTL = 60 * 60')).toMatchObject([{ name: 'TTL', from: 86_400, to: 3600 }]);
    expect(numbers('-  timeout: 30s', '+  timeout: 500ms')).toMatchObject([{ name: 'timeout', from: 30, to: 0.5 }]);
    expect(numbers('-Policy{Attempts: 8, Delay: 5}', '+Policy{Attempts: 2}')).toMatchObject([
      { name: 'Attempts', from: 8, to: 2 },
    ]);
    expect(numbers('-{"pool": 10, "port": 80}', '+{"pool": 2, "port": 80}')).toMatchObject([
      { name: 'pool', from: 10, to: 2 },
    ]);
  });
});
