import { globSync } from 'tinyglobby';
import { expect, test } from 'vitest';
import { loadSettings } from '../../src/config.ts';

const folder = new URL('../../docs/example/', import.meta.url).pathname;

test.each(globSync('**/resident.yaml', { cwd: folder }))('docs/example/%s, which users copy, has no faults', (file) => {
  const { services } = loadSettings(folder + file, { secrets: 'unchecked' });
  expect(Object.keys(services).length).toBeGreaterThan(1);
});
