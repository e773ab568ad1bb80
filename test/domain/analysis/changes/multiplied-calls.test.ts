import { describe, expect, it } from 'vitest';
import { analyse } from '../../../../src/domain/analysis/analyst.ts';
import { readHunks } from '../../../../src/domain/analysis/changes/diffs.ts';
import { findCallInLoop } from '../../../../src/domain/analysis/changes/loops-in-diffs.ts';
import type { MetricSeries } from '../../../../src/domain/evidence/evidence.ts';
import { at, chatter, commit, deploy, incident } from '../incident.ts';

const adds = (line: string) => readHunks(commit('web', 0, 'x', 'src/x', `@@ -1,1 +1,2 @@\n context\n+${line}`));

describe('a loop within one line', () => {
  it.each([
    '    .map(i -> i.withRate(ratesClient.bulk(List.of(i.id()))))',
    '  const all = await Promise.all(hubs.map((id) => stock.reserve(id)));',
    '  ids.forEach(async (id) => { await save(id); });',
    '    levels = [session.execute(q, i) for i in items]',
    '    levels = await asyncio.gather(*(level(i) for i in items))',
  ])('is seen in `%s`', (line) => {
    expect(findCallInLoop(adds(line))).toBe(true);
  });

  it.each([
    '    return items.stream().map(i -> i.withRate(rates.get(i.id()))).toList();',
    '  return labels.map((entry) => entry.trim());',
    '    names = [entry.label for entry in items]',
  ])('is not seen in `%s`, which calls nobody', (line) => {
    expect(findCallInLoop(adds(line))).toBe(false);
  });

  it('costs little on lines that were written to be slow', () => {
    for (const line of ['.map('.repeat(180), '['.repeat(900), `.map(${' '.repeat(900)}`, 'gather('.repeat(120)]) {
      const started = performance.now();
      expect(findCallInLoop(adds(line))).toBe(false);
      expect(performance.now() - started).toBeLessThan(200);
    }
  });
});

const series = (name: string, before: number, after: number): MetricSeries => ({
  name,
  expression: name,
  labels: {},
  points: Array.from({ length: 90 }, (_, i) => [at(i - 30), (i < 70 ? before : after) * (1 + (i % 5) / 100)]),
});
const eachHub = commit(
  'orders',
  39,
  'ask every hub',
  'src/create.js',
  '@@ -2,2 +2,2 @@ async function create(input) {\n-  return stock.reserve(input.hub);\n+  return Promise.all(input.hubs.map((id) => stock.reserve(id)));',
);
const words = commit('stock', 38, 'other words', 'src/text.js', '@@ -2,1 +2,1 @@\n-  say("a");\n+  say("b");');

function asked(ratesOfCaller: readonly [number, number]) {
  return analyse(
    incident(
      {
        stock: {
          lines: chatter(),
          series: [
            series('cpu usage ratio', 0.2, 1),
            series('request rate', 5, 50),
            series('latency p50 seconds', 0.01, 0.05),
          ],
          changes: [words],
          deploys: [deploy(words, 38)],
        },
        orders: {
          lines: chatter(),
          series: [series('request rate', ...ratesOfCaller)],
          changes: [eachHub],
          deploys: [deploy(eachHub, 39)],
        },
      },
      { orders: ['stock'], stock: [] },
    ),
  );
}

describe('a callee that is asked more often for each request', () => {
  it('is overloaded by the change that makes a call for each item since', () => {
    expect(asked([5, 5])).toMatchObject({ verdict: 'cause', service: 'orders', change: eachHub.id });
  });

  it('is not, where its caller is asked more often itself', () => {
    expect(asked([5, 50]).change).toBe('none');
  });
});
