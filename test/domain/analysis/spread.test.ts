import { expect, test } from 'vitest';
import { analyseBundle } from '../../../src/domain/analysis/analysis.ts';
import type { LogLine } from '../../../src/domain/evidence/evidence.ts';
import { chatter, commit, deploy, incident, incidentFrom, repeat, window } from './incident.ts';

const culprit = commit(
  'payment',
  28,
  'Read amounts',
  'src/total.js',
  '@@ -9,3 +9,3 @@\n-  return price ?? 0;\n+  return price.amount;\n',
);

const failing = (fromMinute: number, message: string, stepSeconds = 10): LogLine[] =>
  repeat(fromMinute, 60, stepSeconds, (n) => ({ level: 'error', message: `${message} ${n}`, fields: {} }));

/** `web` calls `payment`, which throws since 12:32; `mail` is nobody's neighbour. */
function spreadWith(mail: readonly LogLine[], web: readonly LogLine[] = []) {
  const input = incident(
    {
      web: { lines: [...chatter(), ...failing(33, 'call to payment failed with status 500 for order'), ...web] },
      payment: {
        lines: [
          ...chatter(),
          ...failing(
            32,
            "TypeError: Cannot read properties of undefined (reading 'amount')\n    at total (src/total.js:10:3) in order",
          ),
        ],
        changes: [culprit],
        deploys: [deploy(culprit, 31)],
      },
      mail: { lines: [...chatter(), ...mail] },
    },
    { web: ['payment'], payment: [], mail: [] },
  );
  const { firstFailingService, blastRadius } = analyseBundle({ window, incidentFrom, input });
  return { firstFailingService, blastRadius };
}

test('a failure reaches whoever failed with it or after it', () => {
  expect(spreadWith([])).toEqual({ firstFailingService: 'payment', blastRadius: ['web'] });
  expect(spreadWith(failing(34, 'no receipt for order')).blastRadius).toEqual(['mail', 'web']);
});

test('what was wrong with a service long before is a matter of its own', () => {
  expect(spreadWith(failing(-10, 'the queue is stuck at')).blastRadius).toEqual(['web']);
});

test('a light sign of long before does not hide that a failure reached a service', () => {
  const light = repeat(-15, 60, 60, () => ({ level: 'warn', message: 'template cache is cold', fields: {} }));
  expect(spreadWith([], light).blastRadius).toEqual(['web']);
});
