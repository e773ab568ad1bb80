import { describe, expect, it } from 'vitest';
import { explainByLoad, readAlerted, type LoadExplanation } from '../../../../src/domain/analysis/load/explain-load.ts';
import { readFlows } from '../../../../src/domain/analysis/load/service-flows.ts';
import { makeRandom } from '../../../fakes/random.ts';
import { createNoise, metricsOf, series } from '../metrics/generated-series.ts';

type Graph = Readonly<Record<string, readonly string[]>>;

interface Fault {
  readonly slow?: Readonly<Record<string, number>>;
  readonly failing?: Readonly<Record<string, number>>;
  /** Edge `a>b` to how many times as often `a` calls `b`. */
  readonly more?: Readonly<Record<string, number>>;
}

const faultFrom = 40;
const seeds = Array.from({ length: 12 }, (_, seed) => seed + 1);

/**
 * A fleet in which callers wait for those they call and fail with them: each service takes 20 ms of its own, asks every callee once a
 * call, and its metrics waver. `hidden` services have no metrics.
 */
function simulate(
  graph: Graph,
  alerting: string,
  fault: Fault,
  seed = 1,
  hidden: readonly string[] = [],
  alerted?: 'time' | 'failures',
) {
  const noise = createNoise(seed);
  const names = [...new Set([alerting, ...Object.keys(graph), ...Object.values(graph).flat()])];
  const isOn = (minute: number) => minute >= faultFrom;
  const times = (from: string, to: string, minute: number) => (isOn(minute) ? (fault.more?.[`${from}>${to}`] ?? 1) : 1);
  const latency = (service: string, minute: number): number =>
    20 +
    (isOn(minute) ? (fault.slow?.[service] ?? 0) : 0) +
    (graph[service] ?? []).reduce((sum, callee) => sum + times(service, callee, minute) * latency(callee, minute), 0);
  const failing = (service: string, minute: number): number =>
    1 -
    (1 - (isOn(minute) ? (fault.failing?.[service] ?? 0) : 0)) *
      (graph[service] ?? []).reduce((product, callee) => product * (1 - failing(callee, minute)), 1);
  const rate = (service: string, minute: number): number => {
    const callers = names.filter((name) => graph[name]?.includes(service));
    if (callers.length === 0) return 50 + 20 * Math.sin(minute / 40);
    return callers.reduce((sum, caller) => sum + rate(caller, minute) * times(caller, service, minute), 0);
  };
  const evidence = names
    .filter((name) => !hidden.includes(name))
    .map((name) =>
      metricsOf(
        name,
        series('http latency ms average', (m) => latency(name, m) * (1 + 0.03 * noise())),
        series('requests_per_sec', (m) => rate(name, m) * (1 + 0.02 * noise())),
        series('error_ratio', (m) => Math.max(0, failing(name, m) + 0.001 * noise())),
      ),
    );
  return explainByLoad(readFlows(evidence), graph, alerting, alerted);
}

const first = (found: LoadExplanation | undefined) => found?.explanations[0]?.service;

describe('the load that a symptom is made of', () => {
  const chain: Graph = { web: ['shop', 'news'], shop: ['stock'], stock: ['db'], news: [] };

  it.each(seeds)('is traced to the service that is slow of itself, however deep it lies (seed %i)', (seed) => {
    for (const service of ['shop', 'stock', 'db', 'news'])
      expect(first(simulate(chain, 'web', { slow: { [service]: 60 } }, seed))).toBe(service);
  });

  it.each(seeds)('is traced to the service whose calls fail of themselves (seed %i)', (seed) => {
    for (const service of ['shop', 'stock', 'db', 'news'])
      expect(first(simulate(chain, 'web', { failing: { [service]: 0.1 } }, seed))).toBe(service);
  });

  it("is the alerting service's own where nothing below it gained", () => {
    const found = simulate(chain, 'web', { slow: { web: 80 } });
    expect(first(found)).toBe('web');
    expect(found?.explanations.slice(1).every((item) => item.weight < 0.1)).toBe(true);
  });

  it.each(seeds)('is dated by itself, whatever was reported, to four minutes (seed %i)', (seed) => {
    const found = simulate(chain, 'web', { slow: { stock: 60 } }, seed);
    const minute = ((found?.flow.fromMs ?? 0) - Date.parse('2026-03-01T12:00:00Z')) / 60_000;
    expect(Math.abs(minute - faultFrom)).toBeLessThanOrEqual(4);
  });

  it("is a shared dependency's, though every caller of it is slow", () => {
    const shared: Graph = { web: ['cart', 'search', 'profile'], cart: ['db'], search: ['db'], profile: ['db'] };
    const found = simulate(shared, 'web', { slow: { db: 50 } });
    expect(first(found)).toBe('db');
    expect(found?.explanations[0]?.weight).toBeGreaterThan(0.6);
  });

  it('names two culprits where two are slow, the greater first', () => {
    const found = simulate(chain, 'web', { slow: { db: 60, news: 30 } });
    expect(found?.explanations.map((item) => item.service).slice(0, 2)).toEqual(['db', 'news']);
  });

  it('belongs to a failing service and not to those who ask it again and again', () => {
    const found = simulate(chain, 'web', { failing: { db: 0.3 }, more: { 'stock>db': 3 } });
    expect(first(found)).toBe('db');
    expect(found?.amplifications).toMatchObject([{ caller: 'stock', callee: 'db', isRetry: true }]);
    expect(found?.explanations[0]?.why).toContain('as retries do');
  });

  it('belongs to who begins to ask ten times as often, where who is asked does not fail', () => {
    const found = simulate(chain, 'web', { slow: { db: 30 }, more: { 'stock>db': 10 } });
    expect(first(found)).toBe('stock');
    expect(found?.amplifications).toMatchObject([{ caller: 'stock', callee: 'db', isRetry: false }]);
  });

  it.each([undefined, 'failures', 'time'] as const)(
    'belongs to a slow service and not to the caller whose calls to it time out, whether the alert is about %s',
    (alerted) => {
      const fault = { slow: { db: 200 }, failing: { stock: 0.2 } };
      expect(first(simulate(chain, 'web', fault, 1, [], alerted))).toBe('db');
    },
  );

  it('is what the alert is about, where time and failures have two culprits; the other one is weaker evidence', () => {
    const fault = { slow: { news: 60 }, failing: { db: 0.1 } };
    expect(first(simulate(chain, 'web', fault, 1, [], 'time'))).toBe('news');
    expect(first(simulate(chain, 'web', fault, 1, [], 'failures'))).toBe('db');
    const other = simulate(chain, 'web', { slow: { news: 60 } }, 1, [], 'failures');
    expect(other?.strength).toBeLessThan(0.35);
  });

  it('is followed through a service without metrics', () => {
    expect(first(simulate(chain, 'web', { slow: { db: 60 } }, 1, ['stock']))).toBe('db');
    expect(first(simulate(chain, 'web', { slow: { db: 60 } }, 1, ['shop', 'stock']))).toBe('db');
  });

  it('does not fall on a loud service that the alerting one does not call', () => {
    const found = simulate({ ...chain, batch: ['lake'] }, 'web', { slow: { lake: 5000, db: 40 } });
    expect(first(found)).toBe('db');
    expect(found?.explanations.map((item) => item.service)).not.toContain('lake');
  });

  it('ends in a call graph with a cycle', () => {
    expect(first(simulateCycle())).toBe('b');
  });

  it.each(seeds)('is none in calm data (seed %i)', (seed) => {
    expect(simulate(chain, 'web', {}, seed)?.strength ?? 0).toBeLessThan(0.5);
  });

  it('is found in random fleets of fifteen services, nineteen times of twenty', () => {
    let right = 0;
    for (let seed = 1; seed <= 40; seed++) {
      const random = makeRandom(seed);
      const names = Array.from({ length: 15 }, (_, i) => `s${i}`);
      const graph: Record<string, string[]> = {};
      names.slice(1).forEach((name, i) => {
        const caller = names[Math.floor(random() * Math.min(i + 1, 6))] ?? 's0';
        (graph[caller] ??= []).push(name);
      });
      const culprit = names[1 + Math.floor(random() * 14)] ?? 's1';
      right += Number(first(simulate(graph, 's0', { slow: { [culprit]: 120 } }, seed)) === culprit);
    }
    expect(right).toBeGreaterThanOrEqual(38);
  });
});

/** Two services that call each other; latencies are given, since a cycle has none to be worked out. */
function simulateCycle() {
  const noise = createNoise(2);
  const evidence = (['web', 'a', 'b'] as const).map((name, i) =>
    metricsOf(
      name,
      series('latency ms average', (m) => 100 - 20 * i + (m >= faultFrom ? 50 + 5 * i : 0) + noise()),
      series('requests_per_sec', () => 10 + 0.1 * noise()),
    ),
  );
  return explainByLoad(readFlows(evidence), { web: ['a'], a: ['b'], b: ['a'] }, 'web');
}

describe('what an alert speaks of', () => {
  const alert = (summary: string) => [{ name: 'HighBurnRate', summary, annotations: {} }];

  it('is told by its words, and left open where they tell neither or both', () => {
    expect(readAlerted(alert('p99 latency of checkout is above 2 s'))).toBe('time');
    expect(readAlerted(alert('checkout answers 5xx'))).toBe('failures');
    expect(readAlerted(alert('checkout is slow and returns errors'))).toBeUndefined();
    expect(readAlerted(alert('checkout burns its budget'))).toBeUndefined();
  });
});
