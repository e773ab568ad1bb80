import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { z } from 'zod';
import { recordSchemas } from '../../src/adapters/bundle/bodies.ts';
import { bodyKinds } from '../../src/adapters/bundle/layout.ts';
import { manifestSchema } from '../../src/adapters/bundle/manifest.ts';
import { readBundle } from '../../src/adapters/bundle/read.ts';
import { alertRecord } from '../../src/adapters/bundle/records.ts';

const page = await readFile('docs/bundle.md', 'utf8');

/** What stands below a heading, up to the next one. */
function sectionOf(heading: string): string {
  return page.split(/^#{2,3} /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
}

/** Rows of a section's table of keys; a row may name several. */
function readKeys(section: string): readonly (readonly [key: string, isRequired: boolean])[] {
  const rows = section.split('\n').filter((line) => /^\| `/.test(line));
  return rows.flatMap((row) => {
    const [names = '', must = ''] = row.slice(1).split(' | ');
    return [...names.matchAll(/`([^`]+)`/g)].map(([, key = '']) => [key, must.trim() === 'required'] as const);
  });
}

function keysOf(schema: z.ZodObject): readonly (readonly [key: string, isRequired: boolean])[] {
  const lacking = schema.safeParse({}).error?.issues.map(({ path: [key] }) => key) ?? [];
  return Object.keys(schema.shape).map((key) => [key, lacking.includes(key)]);
}

test.each<[string, z.ZodObject]>([
  ['The manifest', manifestSchema],
  ['Alerts', alertRecord],
  ...bodyKinds.map((kind): [string, z.ZodObject] => [`${kind[0]?.toUpperCase()}${kind.slice(1)}`, recordSchemas[kind]]),
])('docs/bundle.md tells of "%s" every key that the reader knows, and which ones must be there', (heading, schema) => {
  const sorted = (keys: ReturnType<typeof keysOf>) => [...keys].sort(([a], [b]) => (a < b ? -1 : 1));
  const [told] = sectionOf(heading).split('What a series means');
  expect(sorted(readKeys(told ?? ''))).toEqual(sorted(keysOf(schema)));
});

test('the examples of docs/bundle.md are a bundle that the reader takes, with a record of every kind', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'bundle-page-'));
  try {
    const [, manifest = ''] = /```json\n(\{\n {2}"bundle"[\s\S]*?)```/.exec(page) ?? [];
    await writeFile(path.join(folder, 'bundle.json'), manifest);
    for (const [, file = '', record = ''] of page.matchAll(/^`([\w/]+\.ndjson)`[^\n]*:\n\n```json\n(.*)\n```/gm)) {
      await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
      await writeFile(path.join(folder, file), `${record}\n`);
    }
    const { input } = await readBundle(folder);
    expect(input.alerts).toHaveLength(1);
    expect(input.evidence.map(({ evidence }) => [evidence.kind, evidence.outcome]).sort()).toEqual(
      bodyKinds.map((kind) => [kind, 'found']).sort(),
    );
    for (const { evidence } of input.evidence) expect(evidence.truncated, evidence.id).toBeUndefined();
  } finally {
    await rm(folder, { recursive: true });
  }
});
