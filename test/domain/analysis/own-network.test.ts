import { describe, expect, it } from 'vitest';
import { analyse } from '../../../src/domain/analysis/analyst.ts';
import { isInOwnNetwork } from '../../../src/domain/analysis/own-network.ts';
import type { Change } from '../../../src/domain/evidence/evidence.ts';
import { chatter, commit, deploy, incident, repeat } from './incident.ts';

it.each([
  ...['10.3.1.5:5432', '172.16.0.1', '172.31.9.9:80', '192.168.0.4', '127.0.0.1:6379', '169.254.169.254', '100.64.3.2'],
  ...['::1', '::1:5432', '[::1]:5432', 'fd00:12::7', '[fe80::1%eth0]:80', 'localhost:8080', 'db:5432'],
  ...['ledger.books.svc:8443', 'ledger.books.svc.cluster.local', 'ip-10-1-2-3.eu-west-1.compute.internal', 'nas.local'],
])('%s lies inside of the own network', (peer) => {
  expect(isInOwnNetwork(peer)).toBe(true);
});

it.each([
  ...['172.32.0.1', '192.169.0.1', '100.128.0.1', '11.0.0.1:443', '2001:db8::1', '[2001:db8::1]:443'],
  ...['api.pigeonpost.example', 'api.pigeonpost.com:443', 'pigeonpost', '10.example.com', 'internal.example.com'],
])('%s does not', (peer) => {
  expect(isInOwnNetwork(peer)).toBe(false);
});

describe('calls to an address of the own network that run into a timeout', () => {
  const failing = repeat(40, 60, 5, () => ({
    level: 'error',
    message: 'Error: connect ETIMEDOUT 10.3.1.5:5432',
    fields: {},
  }));
  const argue = (...changes: readonly Change[]) =>
    analyse(
      incident(
        {
          ferry: {
            lines: [...chatter(), ...failing],
            changes,
            deploys: changes.slice(0, 1).map((change) => deploy(change, 39)),
          },
        },
        { ferry: ['tides-db'] },
      ),
    );
  const texts = commit('ferry', 30, 'more texts', 'i18n/de.json', '@@ -1,1 +1,2 @@\n {\n+  "soon": "bald",\n');
  const policy = commit(
    'ferry',
    35,
    'Baseline for the namespace',
    'k8s/harbour/policy.yaml',
    '@@ -0,0 +1,9 @@\n+apiVersion: networking.k8s.io/v1\n+kind: NetworkPolicy\n+spec:\n+  podSelector: {}\n+  policyTypes:\n+    - Egress\n',
  );

  it('are no provider that fails, and not enough to act on at once', () => {
    for (const diagnosis of [argue(), argue(texts)]) {
      expect(diagnosis).toMatchObject({ service: 'ferry', change: 'none', category: 'infrastructure' });
      expect(diagnosis.confidence).toBeLessThanOrEqual(0.6);
      expect(diagnosis.statement.map(({ text }) => text).join(' ')).toContain('an address of the own network');
      expect(diagnosis.missing.join(' ')).toContain('what may reach it');
    }
  });

  it('are laid to the change that restricts the network', () => {
    expect(argue(policy, texts)).toMatchObject({ service: 'ferry', change: policy.id, category: 'config-change' });
  });
});
