import { describe, expect, it } from 'vitest';
import { examine } from '../../../src/domain/analysis/examine-service.ts';
import type { LogLine } from '../../../src/domain/evidence/evidence.ts';
import { chatter, commit, deploy, incident, incidentFrom, repeat, window } from './incident.ts';

const error =
  (message: string, fields: LogLine['fields'] = {}) =>
  () =>
    ({ level: 'error', message, fields }) as const;

describe('examination of one service', () => {
  it('numbers its findings, cites evidence and names whom it suspects', () => {
    const change = commit('svc', 40, 'x', 'a.js', '@@ -1 +1 @@\n-a\n+b');
    const input = incident(
      {
        svc: {
          lines: [
            ...chatter(),
            ...repeat(45, 60, 9, error('upstream store answered 500', { upstream: 'store', status: 500 })),
          ],
          changes: [change],
          deploys: [{ ...deploy(change, 41), previous: 'a1b2c3d4' }],
        },
      },
      {},
    );
    const { findings, suspects, summary } = examine({
      service: 'svc',
      dependencies: ['store', 'mail'],
      evidence: input.evidence,
    });
    expect(findings.map((finding) => finding.id)).toEqual(findings.map((_, i) => `svc/finding/${i + 1}`));
    expect(new Set(findings.map((finding) => finding.kind))).toEqual(
      new Set(['log-pattern', 'call-failure', 'change', 'deploy']),
    );
    expect(findings.find((finding) => finding.kind === 'deploy')).toMatchObject({ replaces: 'a1b2c3d4' });
    expect(findings.every((finding) => finding.claim.evidence.length > 0)).toBe(true);
    expect(suspects).toEqual(['store', 'mail']);
    expect(summary).toContain('store');
  });

  it('has those asked that a service calls when it fails by an error of its own: what they send may have changed', () => {
    const input = incident({ svc: { lines: [...chatter(), ...repeat(45, 60, 9, error("KeyError: 'currency'"))] } }, {});
    expect(examine({ service: 'svc', dependencies: ['store'], evidence: input.evidence }).suspects).toEqual(['store']);
    const calm = incident({ svc: { lines: chatter() } }, {});
    expect(examine({ service: 'svc', dependencies: ['store'], evidence: calm.evidence }).suspects).toEqual([]);
  });

  it('says healthy of a service that is, and nothing of one that it cannot see', () => {
    const input = incident({ svc: { lines: chatter() } }, {});
    expect(examine({ service: 'svc', dependencies: [], evidence: input.evidence })).toMatchObject({
      findings: [{ kind: 'healthy' }],
      suspects: [],
      summary: 'svc looks healthy.',
    });
    expect(examine({ service: 'svc', dependencies: [], evidence: [] }).summary).toContain('could be read');
    expect(window.from < incidentFrom).toBe(true);
  });
});
