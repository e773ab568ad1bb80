import { expect, it } from 'vitest';
import { describePropagation, describeQuiet, describeShift } from '../../../src/domain/analysis/claims.ts';

it('what a service no longer logs is told with what was to be expected, and cites the log', () => {
  const quiet = {
    service: 'orders',
    evidenceId: 'orders/logs/1',
    template: 'order <*> placed',
    level: 'info',
    kind: 'vanished',
    before: 180,
    after: 0,
    expected: 175,
    lastAt: '2024-05-01T10:00:00.000Z',
  } as const;
  const claim = describeQuiet(quiet);
  expect(claim.text).toContain('about 175 lines were to be expected, and none came');
  expect(claim.evidence).toEqual(['orders/logs/1']);
});

it('where failed requests began is told of the service in which most of its own began, and of no other', () => {
  const share = (service: string, failed: number, first: number) => ({
    service,
    evidenceId: `${service}/logs/1`,
    failed,
    first,
    example: `${service}-000001`,
  });
  const propagation = { requests: 17, services: [share('stock', 17, 16), share('orders', 17, 1), share('web', 2, 0)] };
  const [claim] = describePropagation(propagation, 'stock');
  expect(claim?.text).toBe(
    'Of 17 requests that stock and another service logged as failed, 16 failed in stock first, for example stock-000001.',
  );
  expect(claim?.evidence).toEqual(['stock/logs/1', 'orders/logs/1', 'web/logs/1']);
  expect(describePropagation(propagation, 'orders')).toEqual([]);
  expect(describePropagation(propagation, 'pay')).toEqual([]);
});

it.each([
  [1020.4, '1,020'],
  [279_123_456, '279,000,000'],
  [0.0022, '0.00220'],
  [945.3, '945'],
  [4, '4'],
])('%d is told as %s, for people to read', (after, told) => {
  const shift = {
    service: 'web',
    evidenceId: 'web/metrics/1',
    name: 'p95',
    kind: 'step',
    direction: 'up',
    isAdverse: true,
  } as const;
  const claim = describeShift({ ...shift, meaning: 'latency', before: 0, after, firstAt: 'noon', weight: 1 });
  expect(claim.text).toBe(`p95 of web rose from 0 to ${told} since noon.`);
});
