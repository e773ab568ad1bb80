import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { inspect, inspectProgram, renderDoctor } from '../../src/setup/doctor.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'resident-doctor-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

it('has a row for everything that Resident can use, also on a machine with nothing', async () => {
  const rows = await inspect({ env: { PATH: folder }, cacheFolder: folder, systemFolders: [], isRoot: true });
  expect(rows.map((row) => row.name)).toEqual([
    'Node',
    'Git',
    'Temporal server',
    'Docker engine',
    'Prometheus',
    'Alertmanager',
    'Sandbox images',
    'Model key',
  ]);
  expect(rows.find((row) => row.name === 'Temporal server')).toMatchObject({ found: false });
  for (const row of rows) expect([row.costsWithout, row.remedy, row.where]).not.toContain('');
});

it('tells where nothing can work: no Temporal server, and no way to one', async () => {
  const look = async (env: Record<string, string>, answer: () => Promise<Response>) => {
    const options = { env: { PATH: folder, ...env }, cacheFolder: folder, systemFolders: [], fetch: answer };
    const rows = await inspect(options);
    return rows.flatMap((row) => (row.stopsEverything === undefined ? [] : [`${row.name}: ${row.stopsEverything}`]));
  };
  const reachable = async () => new Response();
  const away = () => Promise.reject(new Error('fetch failed'));
  expect(await look({}, reachable)).toEqual([]);
  expect(await look({}, away)).toEqual([
    'Temporal server: no Temporal server, and no way to one: temporal.download cannot be reached from here; Go, which could build it, is not on the PATH',
  ]);
  expect(await look({ TEMPORAL_ADDRESS: '127.0.0.1:1' }, reachable)).toEqual([
    expect.stringMatching(/no way to one: TEMPORAL_ADDRESS points to 127\.0\.0\.1:1, which does not answer/),
  ]);
});

it('names what is lost and what to do for what is missing, and only for that', () => {
  const base = { version: '1', where: 'here', costsWithout: 'a lot', remedy: 'get it' };
  const text = renderDoctor([
    { ...base, name: 'A', found: true },
    { ...base, name: 'Bee', version: '', found: false, where: 'not on the PATH' },
  ]);
  expect(text).toBe(
    ['✓ A    1  here', '✗ Bee     not on the PATH', '', 'Bee', '  without it: a lot', '  to do: get it'].join('\n'),
  );
});

it('shows where a program was found and its version', async () => {
  await writeFile(path.join(folder, 'prometheus'), '#!/bin/sh\necho "prometheus, version 2.42.0+ds (branch: x)"\n', {
    mode: 0o755,
  });
  const row = await inspectProgram('prometheus', { env: { PATH: folder }, cacheFolder: folder, systemFolders: [] });
  expect(row).toMatchObject({ found: true, version: '2.42.0+ds', where: `${path.join(folder, 'prometheus')} (PATH)` });
});

it('finds the images of our own engine while that is not running', async () => {
  const layer = path.join(folder, 'docker', 'image', 'overlay2');
  await mkdir(layer, { recursive: true });
  await writeFile(
    path.join(layer, 'repositories.json'),
    '{"Repositories":{"resident-sandbox/node":{"resident-sandbox/node:abc":"sha256:1"},"other":{"other:1":"sha256:2"}}}',
  );
  const rows = await inspect({ env: { PATH: folder }, cacheFolder: folder, systemFolders: [], isRoot: false });
  const engine = rows.find((row) => row.name === 'Docker engine');
  if (engine?.found) return; // A running engine is asked instead.
  expect(rows.find((row) => row.name === 'Sandbox images')).toMatchObject({
    found: true,
    where: 'resident-sandbox/node:abc',
  });
});
