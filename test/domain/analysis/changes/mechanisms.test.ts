import { describe, expect, it } from 'vitest';
import { viewDiff } from '../../../../src/domain/analysis/changes/diff-view.ts';
import { explainHarmless, readHunks } from '../../../../src/domain/analysis/changes/diffs.ts';
import { mechanisms } from '../../../../src/domain/analysis/changes/mechanisms.ts';
import { weighRarity } from '../../../../src/domain/analysis/changes/mechanisms/mechanism.ts';
import { commit } from '../incident.ts';

/** Names of the mechanisms that hold for a symptom and a diff, best first. */
function explain(path: string, diff: readonly string[], symptom: string): readonly string[] {
  const view = viewDiff(readHunks(commit('any', 1, 'subject', path, ['@@ -1,9 +1,9 @@', ...diff].join('\n'))));
  return mechanisms
    .filter((mechanism) => mechanism.symptom.test(symptom))
    .flatMap((mechanism) => {
      const sign = mechanism.explain(view, symptom);
      return sign ? [{ name: mechanism.name, weight: sign.strength * weighRarity(mechanism.everyday) }] : [];
    })
    .sort((a, b) => b.weight - a.weight)
    .map(({ name }) => name);
}

describe('mechanisms', () => {
  it('each cites its source, and none holds for a third of all commits', () => {
    for (const { name, source, everyday } of mechanisms) {
      expect(source, name).toMatch(/CWE-\d+|\b(19|20)\d\d\b|RFC \d+|documentation/);
      expect(everyday, name).toBeLessThanOrEqual(0.1);
    }
  });

  it('what a tenth of all commits show weighs less than what one in a hundred shows', () => {
    expect(weighRarity(0.1)).toBeLessThan(0.7);
    expect(weighRarity(0.01)).toBe(1);
  });

  it.each([
    [
      'off by one',
      'list.go',
      ['-	offset := (page - 1) * size', '+	offset := page * size'],
      'incomplete: first 20 missing',
    ],
    ['lost precision', 'sum.ts', ['-  return new Decimal(a).plus(b)', '+  return a + b'], '12.3400000000001 rejected'],
    [
      'another clock or time zone',
      'a.py',
      ['-now = datetime.utcnow()', '+now = datetime.now()'],
      'token is not yet valid',
    ],
    [
      'a pattern that backtracks',
      'v.js',
      ['-const A = /^\\w+$/;', '+const A = /^(\\w+\\s?)+$/;'],
      'event loop blocked',
    ],
    [
      'more written to logs',
      'log.xml',
      [' <x/>', '-<root level="INFO">', '+<root level="TRACE">'],
      'No space left on device',
    ],
    ['a cache that misses', 'cache.ts', ['-  key = `p:${id}`', '+  key = `p:${id}:${user}`'], 'cache hit ratio fell'],
    [
      'another setting read',
      's.py',
      ['-A = os.environ["PG_HOST"]', '+A = os.environ["DB_HOST"]'],
      'ECONNREFUSED localhost:5432',
    ],
    ['too small a limit', 'v.yaml', [' - name: DB_MAX_CONNS', '-  value: "50"', '+  value: "5"'], 'no free connection'],
    [
      'a network that lets less through',
      'np.yaml',
      ['+kind: NetworkPolicy', '+spec:', '+  policyTypes: [Egress]'],
      'connect ETIMEDOUT 10.1.1.1:5432',
    ],
    [
      'a network that lets less through',
      'main.tf',
      [
        ' resource "aws_security_group_rule" "db" {',
        '-  cidr_blocks = ["10.0.0.0/8"]',
        '+  cidr_blocks = ["10.4.0.0/16"]',
      ],
      'could not connect to server',
    ],
    [
      'a network that lets less through',
      'firewall/rules.v4',
      ['-A INPUT -p tcp --dport 5432 -j ACCEPT'],
      'dial tcp 10.1.1.1:5432: i/o timeout',
    ],
    [
      'another probe',
      'chart.yaml',
      [' readinessProbe:', '   httpGet:', '-    path: /healthz', '+    path: /ready'],
      'probe failing',
    ],
    [
      'another probe',
      'task.json',
      [' "healthCheck": {', '-  "timeout": 5', '+  "timeout": 1'],
      'Task failed health checks',
    ],
    ['more work for each request', 'm.sql', ['+DROP INDEX orders_customer;'], 'slow query'],
  ])('%s is seen in a diff and a symptom that do not quote each other', (name, path, diff, symptom) => {
    expect(explain(path, diff, symptom)[0]).toBe(name);
  });

  it.each([
    ['a clock that is only renamed', 'a.py', ['-n = datetime.utcnow()', '+now = datetime.utcnow()'], 'not yet valid'],
    ['a level that says less than before', 'l.xml', ['-<root level="DEBUG">', '+<root level="WARN">'], 'No space left'],
    [
      'another image beside a probe',
      'chart.yaml',
      ['-image: a:1', '+image: a:2', ' readinessProbe:', '   httpGet:'],
      'probe failing',
    ],
    [
      'a policy of the network that only got a label',
      'np.yaml',
      [' kind: NetworkPolicy', ' metadata:', '+  labels: { team: tides }'],
      'connect ETIMEDOUT 10.1.1.1:5432',
    ],
    ['a test of a route that is gone', 'test/a.test.ts', ['-get("/v1/quotes/:id")'], '404 for /v1/quotes/7'],
    ['a call that stands behind a loop', 'a.py', [' for a in b:', '     print(a)', '+db.query("x")'], 'slow query'],
  ])('%s explains nothing', (_what, path, diff, symptom) => {
    expect(explain(path, diff, symptom)).toEqual([]);
  });
});

describe('what errors name', () => {
  const named = (path: string, diff: readonly string[], text: string) => {
    const view = viewDiff(readHunks(commit('any', 1, 'subject', path, ['@@ -1,9 +1,9 @@', ...diff].join('\n'))));
    return mechanisms.flatMap((item) => item.explain(view, text) ?? []).find((sign) => sign.isNamed)?.what;
  };

  it('a route that was taken away and is asked for still, whatever stands for its parameters', () => {
    const diff = ['-app.get("/v1/quotes/:id", show);'];
    expect(named('r.ts', diff, '404 for url: http://quotes/v1/quotes/8812')).toContain('/v1/quotes/:id');
    expect(named('r.ts', diff, '404 for url: http://quotes/v2/quotes/8812')).toBeUndefined();
  });

  it('a value that was brought in and is refused', () => {
    const diff = ['-    REFUNDED', '+    REFUNDED,', '+    PARTLY_REFUNDED'];
    expect(named('S.java', diff, 'No enum constant a.b.State.PARTLY_REFUNDED')).toContain('PARTLY_REFUNDED');
    expect(named('S.java', diff, 'PARTLY_REFUNDED was stored')).toBeUndefined();
  });

  it('a library that moved, where stacks pass through its code', () => {
    const lock = ['     "node_modules/body-reader": {', '-      "version": "1.2.0",', '+      "version": "2.0.0",'];
    const frame = (name: string) => `TypeError: x\n    at read (/app/node_modules/${name}/lib/read.js:9:1)`;
    expect(named('package-lock.json', lock, frame('body-reader'))).toContain('body-reader');
    expect(named('package-lock.json', lock, frame('router'))).toBeUndefined();
  });

  it('a switch whose every word the failing code goes by', () => {
    const diff = ['-  graphRanking: false', '+  graphRanking: true'];
    expect(named('flags.yaml', diff, 'TypeError at GraphRanking.walk (src/graph/ranking.js:3)')).toContain(
      'graphRanking',
    );
    expect(named('flags.yaml', diff, 'TypeError at Graph.walk (src/graph/walk.js:3)')).toBeUndefined();
  });
});

it('a generated file of many thousand lines is read in a moment', () => {
  const lines = Array.from({ length: 5_000 }, (_, n) => `-  "k${n}": ${n},\n+  "k${n}": ${n + 1} + "a",`).join('\n');
  const begin = performance.now();
  const view = viewDiff(readHunks(commit('any', 1, 'x', 'gen.ts', `@@ -1,5000 +1,5000 @@\n${lines}`)));
  for (const mechanism of mechanisms) mechanism.explain(view, 'k7 is not found');
  expect(performance.now() - begin).toBeLessThan(5_000);
});

it('a level of logging in a configuration is no text of a log, and not ruled out', () => {
  const change = commit(
    'any',
    1,
    'x',
    'a.properties',
    '@@ -1 +1 @@\n-logging.level.root=INFO\n+logging.level.root=TRACE',
  );
  expect(explainHarmless(change, readHunks(change))).toBeUndefined();
});
