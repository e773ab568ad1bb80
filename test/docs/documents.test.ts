import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { layers } from '../../layers.js';
import { createProgram } from '../../src/cli/run.ts';
import { listCode, listFiles, listPages, readText, root } from './documents.ts';

const pages = listPages();
const packageFile = JSON.parse(readText('package.json')) as { scripts: Record<string, string>; license: string };

test('there are pages to check', () => {
  for (const page of ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'docs/cli.md']) expect(pages).toContain(page);
});

test.each(pages)('every relative link of %s leads somewhere', (page) => {
  const text = readText(page).replace(/^ *```[\s\S]*?^ *```/gm, '');
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  const broken = links
    .filter((target) => !/^(?:https?:|mailto:|#)/.test(target))
    .filter((target) => !existsSync(path.join(root, path.dirname(page), target.replace(/#.*$/, ''))));
  expect(broken).toEqual([]);
});

test.each(pages)('every npm script that %s names is in package.json', (page) => {
  const named = listCode(readText(page)).flatMap((line) => [
    ...[...line.matchAll(/\bnpm run ([\w:-]+)/g)].map(([, script = '']) => script),
    ...(/\bnpm test\b/.test(line) ? ['test'] : []),
  ]);
  for (const script of named) expect(Object.keys(packageFile.scripts)).toContain(script);
});

test.each(pages)('every command and option of `resident` that %s names exists', (page) => {
  const program = createProgram();
  const commands = program.commands.map((command) => command.name());
  for (const line of listCode(readText(page))) {
    const [, name, rest = ''] = /(?:^\$? ?|bin\/)resident(?:\.js)? ([a-z]+)\b(.*)$/.exec(line) ?? [];
    if (name === undefined) continue;
    expect([...commands, 'help'], `${page}: ${line}`).toContain(name);
    for (const option of listOptions(rest)) {
      if (name !== 'demo') expect(optionsOf(program, name), `${page}: ${line}`).toContain(option);
    }
  }
});

function listOptions(text: string): readonly string[] {
  return [...text.matchAll(/(?<=\s)--[a-z][a-z-]*/g)].map(([option]) => option);
}

function optionsOf(program: Command, name: string): readonly string[] {
  const command = program.commands.find((one) => one.name() === name);
  // A command such as `images` has its options where its own commands are.
  const all = command ? [command, ...command.commands].flatMap(({ options }) => options) : [];
  return [...all.map((option) => option.long ?? ''), '--help'];
}

test('docs/cli.md has a row for every command, and no other', () => {
  const rows = [...readText('docs/cli.md').matchAll(/^\| (`.+?) \|/gm)].map(([, cell = '']) => cell);
  const named = rows.flatMap((cell) => [...cell.matchAll(/`([a-z]+)/g)].map(([, name = '']) => name));
  const commands = createProgram().commands.map((command) => command.name());
  expect([...named].sort()).toEqual(commands.sort());
});

test.each(pages)('every file of the repository that %s names exists', (page) => {
  const folders = 'src|test|demo|bench|bin|policy|docker|docs|\\.ci';
  const named = listCode(readText(page)).flatMap((line) =>
    [...line.matchAll(new RegExp(`(?<![\\w./-])(?:${folders})/[\\w./-]+`, 'g'))].map(([file]) => file),
  );
  expect(named.filter((file) => !existsSync(path.join(root, file)))).toEqual([]);
});

test('ARCHITECTURE.md names every layer of layers.js in its code map, with what it may import', () => {
  const rows = [...readText('ARCHITECTURE.md').matchAll(/^\| `(\w+)` \| ([^|]+) \| ([^|]+) \|$/gm)];
  const told = new Map(rows.map(([, name = '', , may = '']) => [name, may.trim()]));
  const table = layers as Record<string, { readonly may: readonly string[]; readonly types?: readonly string[] }>;
  for (const [name, layer] of Object.entries(table)) {
    const types = layer.types ? `; types of ${layer.types.join(', ')}` : '';
    expect(told.get(name), name).toBe(`${layer.may.join(', ') || 'nothing'}${types}`);
  }
});

test('ARCHITECTURE.md is one page and tells eleven invariants, each with what guards it', () => {
  const text = readText('ARCHITECTURE.md');
  expect(text.split('\n').length).toBeLessThanOrEqual(100);
  const [, list = ''] = /## Invariants[^\n]*\n([\s\S]*?)\n## /.exec(text) ?? [];
  const invariants = list.split(/^\d+\. /m).slice(1);
  expect(invariants).toHaveLength(11);
  for (const invariant of invariants) expect(invariant).toMatch(/`test\/[\w./-]+`/);
});

test('the licence of package.json is the one in LICENSE', () => {
  expect(packageFile.license).toBe('Apache-2.0');
  expect(readText('LICENSE')).toMatch(/Apache License\s+Version 2\.0, January 2004/);
});

test('no page is left out of the list in README.md', () => {
  const linked = readText('README.md');
  const topics = listFiles().filter((file) => /^docs\/[\w-]+\.md$/.test(file));
  expect(topics.filter((file) => !linked.includes(`(${file})`))).toEqual([]);
});
