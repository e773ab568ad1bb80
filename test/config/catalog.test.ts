import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { loadSettings } from '../../src/config.ts';

function writeFleet(catalog: string, entry: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'resident-catalog-'));
  mkdirSync(path.join(folder, 'orders'));
  writeFileSync(path.join(folder, 'orders', 'catalog-info.yaml'), catalog);
  writeFileSync(path.join(folder, 'resident.yaml'), `version: 1\nservices: { orders: ${entry}, users: {} }\n`);
  return path.join(folder, 'resident.yaml');
}

const catalog = `apiVersion: backstage.io/v1alpha1
kind: System
metadata: { name: shop }
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: { name: orders }
spec:
  type: service
  owner: group:default/team-orders
  dependsOn: ['component:default/users', 'resource:default/orders-db', 'component:elsewhere']
`;

test('owner and dependencies come from catalog-info.yaml where resident.yaml does not name them', () => {
  const { orders } = loadSettings(writeFleet(catalog, '{ source: ./orders }')).services;
  expect([orders?.owner, orders?.dependsOn]).toEqual(['team-orders', ['users']]);
});

test('resident.yaml wins over catalog-info.yaml', () => {
  const { orders } = loadSettings(writeFleet(catalog, '{ source: ./orders, owner: me, dependsOn: [] }')).services;
  expect([orders?.owner, orders?.dependsOn]).toEqual(['me', []]);
});

test('a catalog-info.yaml that cannot be read is a fault of the source that holds it', () => {
  expect(() => loadSettings(writeFleet('a: *nobody', '{ source: ./orders }'))).toThrow(
    /resident\.yaml:2:\d+ services\.orders\.source has a catalog-info\.yaml that cannot be read/,
  );
});
