import { describe, expect, it } from 'vitest';
import { analyse } from '../../../src/domain/analysis/analyst.ts';
import { chatter, commit, deploy, incident, repeat } from './incident.ts';

const failing = repeat(40, 60, 5, () => ({ level: 'error', message: 'KeyError: the crane refuses', fields: {} }));
const greeting = commit('ferry', 30, 'Greet', 'i18n.json', '@@ -1 +1,2 @@\n {\n+  "hello": "salut",\n');
const tell = (...given: Parameters<typeof incident>) => analyse(incident(...given)).missing.join('\n');

describe('what is missing', () => {
  it('names the failing service, and whom it calls, where their commits or deploys were never collected', () => {
    const harbour = { lines: chatter(), changes: [greeting], deploys: [deploy(greeting, 39)] };
    const missing = tell(
      { ferry: { lines: [...chatter(), ...failing] }, crane: { lines: chatter() }, harbour },
      { ferry: ['crane'] },
    );
    expect(missing).toContain('commits of ferry, crane: none was collected');
    expect(missing).toContain('deploy records of ferry, crane: none was collected');
  });

  it('names who is called two steps away and was never looked at', () => {
    const missing = tell(
      { ferry: { lines: [...chatter(), ...failing] }, crane: { lines: chatter() } },
      { ferry: ['crane'], crane: ['winch'] },
    );
    expect(missing).toContain('any evidence of winch, which crane calls');
  });

  it('names the failing service whose logs are empty', () => {
    const points = Array.from({ length: 90 }, (_, i) => [deploy(greeting, i - 30).at, i < 70 ? 0.001 : 0.5] as const);
    const series = [{ name: 'error ratio', expression: 'errors / requests', labels: {}, points }];
    expect(tell({ ferry: { lines: [], series } }, { ferry: [] })).toContain('log lines of ferry');
  });
});
