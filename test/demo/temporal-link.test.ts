import path from 'node:path';
import { expect, test } from 'vitest';
import { tellTemporal } from '../../demo/temporal-link.ts';

const parts = {
  temporal: { address: '127.0.0.1:7233', namespace: 'default', uiAddress: 'http://127.0.0.1:8233' },
  incidentId: 'incident/order-service',
  runId: 'r1',
  configFile: path.resolve('.resident/demo/resident.yaml'),
};
const link = 'http://127.0.0.1:8233/namespaces/default/workflows/incident%2Forder-service/r1/user-metadata';

test('the link is given as it is while the server runs on', () => {
  expect(tellTemporal({ ...parts, keeps: true })).toEqual([`Temporal: ${link}`]);
});

test('a server that ends with the demo is said to end, with how to see it again at the same address', () => {
  const [ends, command, later] = tellTemporal({ ...parts, keeps: false });
  expect(ends).toContain('ends with the demo');
  expect(command).toContain('resident.js up --no-docker --config .resident/demo/resident.yaml');
  expect(later).toContain(link);
});

test('without a UI there is nothing to tell', () => {
  const { uiAddress: _u, ...temporal } = parts.temporal;
  expect(tellTemporal({ ...parts, temporal, keeps: true })).toEqual([]);
});
