import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { VARIANTS } from '../../demo/history/variants.ts';
import { outcomes } from '../../src/domain/incident/incident.ts';
import { decideByMode } from '../../src/domain/plan/mode.ts';
import type { Mode } from '../../src/domain/plan/plan.ts';
import { taskQueues } from '../../src/domain/names.ts';
import { listPages, readText } from './documents.ts';

// Values that pages repeat from the code, because a reader needs them there.

interface Schema {
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
}

test('docs/configuration.md gives every duration and limit with the default of the schema', () => {
  const schema = JSON.parse(readText('docs/resident.schema.json')) as Schema;
  const rows = [...readText('docs/configuration.md').matchAll(/^\| (`[a-z]+\.[^|]+) \| ([\d, ]+) \|/gm)];
  const told = rows.flatMap(([, keys = '', values = '']) =>
    [...keys.matchAll(/`([\w.]+)`/g)].map(([, key = ''], index) => [key, Number(values.split(',')[index])] as const),
  );
  const meant = ['timings', 'windows', 'budgets'].flatMap((group) =>
    Object.entries(schema.properties?.[group]?.properties ?? {}).map(([key, { default: value }]) => [
      `${group}.${key}`,
      value,
    ]),
  );
  expect(Object.fromEntries(told)).toEqual(Object.fromEntries(meant));
});

test('docs/security.md tells the table of modes and risks as the code decides it', () => {
  const rows = [...readText('docs/security.md').matchAll(/^\| `([\w-]+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$/gm)];
  const words = { auto: /^alone/, ask: /^ask/, forbid: /^only proposed/ };
  expect(rows.map(([, mode]) => mode)).toEqual(['observe', 'assist', 'semi-auto', 'collaborative']);
  for (const [, mode, low = '', medium = '', high = ''] of rows) {
    expect(low).toMatch(words[decideByMode(mode as Mode, 'low', true)]);
    expect(medium).toMatch(words[decideByMode(mode as Mode, 'medium', true)]);
    expect(high).toMatch(words[decideByMode(mode as Mode, 'high', true)]);
  }
});

test('the pages tell the mode of an entry that names none, and it never acts alone', () => {
  const schema = JSON.parse(readText('docs/resident.schema.json')) as {
    properties: { services: { additionalProperties: { properties: { mode: { default: Mode } } } } };
  };
  const { default: mode } = schema.properties.services.additionalProperties.properties.mode;
  expect(readText('docs/configuration.md')).toContain(`\`mode\` is \`${mode}\` when it is left out`);
  expect(readText('README.md')).toContain(`Left out, the mode is \`${mode}\``);
  expect(readText('docs/security.md')).toContain(`An entry without \`mode\` is in \`${mode}\``);
  for (const risk of ['low', 'medium', 'high'] as const) expect(decideByMode(mode, risk, true)).toBe('ask');
});

test('docs/json.md names every outcome, and ARCHITECTURE.md and docs/security.md every task queue', () => {
  for (const outcome of outcomes) expect(readText('docs/json.md')).toContain(`\`${outcome}\``);
  for (const queue of Object.keys(taskQueues)) {
    expect(readText('ARCHITECTURE.md')).toContain(`| \`${queue}\` |`);
    expect(readText('docs/security.md')).toContain(`| \`${queue}\` |`);
  }
});

test('docs/demo.md has a row for every variant', () => {
  const rows = [...readText('docs/demo.md').matchAll(/^\| `([a-z]+)` \| /gm)].map(([, name]) => name);
  expect(rows).toEqual([...VARIANTS]);
});

test.each(listPages())('every YAML block of %s can be read', (page) => {
  for (const [, indent = '', body = ''] of readText(page).matchAll(/^( *)```yaml\n([\s\S]*?)^ *```/gm)) {
    const text = body.replaceAll(new RegExp(`^${indent}`, 'gm'), '');
    expect([...parseAllDocuments(text)].flatMap((document) => document.errors)).toEqual([]);
  }
});
