import { readFileSync } from 'node:fs';
import { globSync } from 'tinyglobby';
import { expect, test } from 'vitest';
import { loadSettings } from '../../src/config.ts';
import { createJsonSchema } from '../../src/config/schema.ts';
import { variables } from '../../src/config/variables.ts';

const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

test('the published JSON Schema is the one that the code checks with', () => {
  const published: unknown = JSON.parse(read('docs/resident.schema.json'));
  expect(published, 'run: npx tsx src/config/write-schema.ts').toEqual(JSON.parse(JSON.stringify(createJsonSchema())));
});

test('the example that users copy has no faults', () => {
  const file = new URL('../../docs/example/resident.yaml', import.meta.url).pathname;
  const settings = loadSettings(file, { secrets: 'unchecked' });
  expect(Object.keys(settings.services)).toEqual(['order-service', 'user-service']);
});

test('every variable that the code reads is documented, and none is documented that it does not read', () => {
  const documented = [...read('docs/environment.md').matchAll(/^\| `([A-Z_]+)` \|/gm)].map((match) => match[1]);
  expect(documented.sort()).toEqual(Object.keys(variables).sort());
});

test('every default in docs/configuration.md names a key of the schema', () => {
  const schema = JSON.stringify(createJsonSchema());
  const keys = [...read('docs/configuration.md').matchAll(/`(?:timings|windows)\.(\w+)`/g)].map((match) => match[1]);
  expect(keys.length).toBeGreaterThan(10);
  for (const key of keys) expect(schema).toContain(`"${key}":`);
});

test('nothing but the configuration names process.env', () => {
  const files = globSync('src/**/*.ts', { cwd: new URL('../..', import.meta.url).pathname });
  const offenders = files.filter((file) => !file.startsWith('src/config') && read(file).includes('process.env'));
  expect(offenders).toEqual([]);
});
