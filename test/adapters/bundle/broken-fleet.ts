import type { EngineInput, EvidenceWithBody } from '../../../src/domain/diagnosis/engine.ts';
import type { Bundle } from '../../../src/domain/evidence/bundle.ts';
import {
  at,
  chatter,
  commit,
  deploy,
  incident,
  incidentFrom,
  repeat,
  window,
  wrap,
} from '../../domain/analysis/incident.ts';

const diff = `@@ -10,7 +10,7 @@ export function total(order) {
-  const amount = order.price ?? 0;
+  const amount = order.price.amount;
   return amount * order.count;
`;

/** The commit that breaks the shop of {@link brokenFleet}, and one beside it that is harmless. */
export const culprit = commit('payment', 20, 'Read the amount of a price', 'src/total.js', diff);
export const harmless = commit('web', 25, 'Say hello', 'README.md', '@@ -1 +1 @@\n-Hi\n+Hello\n');

/** Names of services that are hard to write as names of files are welcome everywhere. */
export const oddName = 'team/stock: a*b~2%.json';

/** `web` calls `payment`, which throws since its deploy at 12:31; every kind of evidence is there, and one source failed. */
export function brokenFleet(): Bundle {
  const input = incident(
    {
      web: {
        lines: [
          ...chatter(),
          ...repeat(33, 60, 15, (n) => ({
            level: 'error',
            message: `call to payment failed with status 500 for order ${n}`,
            fields: { upstream: 'payment', status: 502 },
          })),
        ],
        series: [
          {
            name: 'error ratio',
            expression: 'errors / all',
            labels: { service: 'web' },
            points: Array.from({ length: 90 }, (_, i) => [at(i - 30), i < 63 ? 0.001 * (i % 3) : 0.4] as const),
          },
        ],
        changes: [harmless],
        deploys: [deploy(harmless, 26)],
      },
      payment: {
        lines: [
          ...chatter(),
          ...repeat(33, 60, 15, (n) => ({
            level: 'error',
            message: `charging ${n} failed: TypeError: Cannot read properties of undefined (reading 'amount')\n    at total (src/total.js:11:30)`,
            fields: {},
          })),
        ],
        changes: [culprit],
        deploys: [deploy(culprit, 31)],
      },
      [oddName]: { lines: chatter() },
    },
    { web: ['payment', oddName], payment: [] },
  );
  return { window, incidentFrom, input: { ...input, evidence: [...input.evidence, ...listOthers(input)] } };
}

function listOthers({ service }: EngineInput): readonly EvidenceWithBody[] {
  const flag = { id: 'flag-1', service, flag: 'new-banner', at: at(5), from: 'off', to: 'on' };
  const span = { traceId: 't1', service, name: 'GET /', at: at(40), status: 'error', fields: { route: '/' } } as const;
  const failed = wrap(service, 'metrics', { kind: 'metrics', service, incidentFrom, series: [] }).evidence;
  const { digest: _digest, ...withoutBody } = failed;
  return [
    wrap(service, 'flags', { kind: 'flags', service, flags: [flag] }),
    wrap(service, 'traces', {
      kind: 'traces',
      service,
      incidentFrom: at(31),
      spans: [
        { ...span, id: 's1', durationMs: 12.5 },
        { ...span, id: 's2', parentId: 's1', durationMs: 3, kind: 'client' },
      ],
    }),
    wrap('payment', 'events', {
      kind: 'events',
      service: 'payment',
      incidentFrom,
      events: [{ at: at(1), severity: 'info', object: 'Pod/payment-1', reason: 'Pulled', message: 'image is there' }],
    }),
    {
      evidence: {
        ...withoutBody,
        id: 'payment/metrics/1',
        service: 'payment',
        outcome: 'failed',
        reason: 'Prometheus did not answer',
      },
    },
  ];
}
