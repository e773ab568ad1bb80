import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PackInput } from '../../../src/activities/contract.ts';
import { createPackSources } from '../../../src/activities/observe/pack-sources.ts';
import type { Evidence } from '../../../src/domain/evidence/evidence.ts';
import type { SandboxRequest } from '../../../src/domain/reproduction/reproduction.ts';
import type { SandboxSettings, ServiceSettings } from '../../../src/domain/settings.ts';
import { createRepository, type FakeRepository } from '../../fakes/repository.ts';
import { at, inputFor, openCase, settingsOf } from './observe-case.ts';

let world: Awaited<ReturnType<typeof openCase>>;
let user: FakeRepository;
let order: FakeRepository;
let orderHead: string;
beforeEach(async () => {
  world = await openCase();
  user = createRepository(path.join(world.folder, 'user'));
  order = createRepository(path.join(world.folder, 'order'));
  orderHead = order.commit('2026-11-01T00:00:00Z', 'order', { a: '1' });
});
afterEach(() => world.close());

const sandbox: SandboxSettings = { image: 'node', setup: [], memoryMb: 256, cpus: 1, timeoutMs: 60_000 };
const reproduce = { ...sandbox, reproduce: ['node', '--test', 'test/contract/'] };

function pack(input: Partial<PackInput>, services?: Record<string, ServiceSettings>) {
  const settings = services ?? {
    order: settingsOf('order', { source: order.folder, sandbox: reproduce }),
    user: settingsOf('user', { source: user.folder, deploysFile: path.join(world.folder, 'deploys.jsonl') }),
  };
  return createPackSources({ ...world, services: settings })({
    incidentId: 'i',
    runId: 'r',
    service: 'order',
    suspectService: 'user',
    suspect: 'HEAD',
    neighbours: [],
    evidence: [],
    timeoutMs: 30_000,
    ...input,
  });
}

async function changesOf(ids: readonly string[]): Promise<Evidence> {
  const changes = ids.map((id) => ({ service: 'user', id, author: '', at: at(1), subject: '', body: '', files: [] }));
  const stored = await world.store.putBody({ kind: 'changes', service: 'user', changes });
  return {
    ...inputFor('user', 'changes'),
    id: 'user/changes/1',
    kind: 'changes',
    source: '',
    query: '',
    outcome: 'found',
    summary: '',
    ...stored,
  };
}

const revisionsOf = (request: Awaited<ReturnType<typeof pack>>) => {
  expect(request).not.toHaveProperty('cannotRun');
  return (request as SandboxRequest).revisions.map(({ revision }) => revision);
};

describe('packSources', () => {
  it('packs each state of the suspect from before the window to what is deployed now, and the neighbours', async () => {
    const ids = [1, 2, 3, 4, 5].map((n) => user.commit(at(n), `c${n}`, { a: String(n) }));
    await writeFile(
      path.join(world.folder, 'deploys.jsonl'),
      `${JSON.stringify({ id: 'd', service: 'user', revision: ids[3], at: at(10) })}\n`,
    );
    const request = await pack({ suspect: ids[2] ?? '', evidence: [await changesOf(ids.slice(1, 5))] });
    expect(revisionsOf(request)).toEqual(ids.slice(0, 4));
    expect(request).toMatchObject({
      suspectIndex: 2,
      workService: 'order',
      command: reproduce.reproduce,
      neighbours: [{ service: 'order', revision: orderHead }],
      limits: { timeoutMs: 30_000, memoryMb: 256 },
      notes: ['order is taken at HEAD: no deploy record tells what runs'],
    });
    const { digest } = (request as SandboxRequest).revisions[0] ?? { digest: '' };
    expect(await world.store.has(digest)).toBe(true);
  });

  it('tries no commit that never reached its service, whatever it would do there', async () => {
    const ids = [1, 2, 3].map((n) => user.commit(at(n), `c${n}`, { a: String(n) }));
    const record = (revision: string | undefined, more = {}) =>
      JSON.stringify({ id: 'd', service: 'user', revision, at: at(10), ...more });
    const write = (...lines: string[]) => writeFile(path.join(world.folder, 'deploys.jsonl'), lines.join('\n'));
    await write(record(ids[1]), record(ids[2], { status: 'failed' }));
    expect(await pack({ suspect: ids[2] ?? '' })).toMatchObject({
      cannotRun: expect.stringContaining('never deployed') as string,
    });
    expect(revisionsOf(await pack({ suspect: ids[1] ?? '' }))).toEqual(ids.slice(0, 2));
    await write(record('release-7'));
    expect(revisionsOf(await pack({ suspect: ids[2] ?? '', before: ids[1] ?? '' })).at(-1)).toBe(ids[2]);
  });

  it('has the revision before the suspect even when nothing else is known', async () => {
    const ids = [1, 2].map((n) => user.commit(at(n), `c${n}`, { a: String(n) }));
    const request = await pack({ suspect: ids[1] ?? '' });
    expect(revisionsOf(request)).toEqual(ids);
    expect(request).toMatchObject({ suspectIndex: 1 });
  });

  it('walks a merged branch when the suspect came in by a merge', async () => {
    const base = user.commit(at(1), 'base', { a: '1' });
    user.git(['checkout', '--quiet', '-b', 'feature']);
    const bad = user.commit(at(2), 'bad', { b: '1' });
    const next = user.commit(at(3), 'next', { b: '2' });
    user.git(['checkout', '--quiet', 'main']);
    const main = user.commit(at(4), 'main goes on', { c: '1' });
    user.git(['merge', '--quiet', '--no-ff', '-m', 'merge', 'feature'], at(5));
    const merge = user.git(['rev-parse', 'HEAD']);
    const request = await pack({ suspect: bad, evidence: [await changesOf([bad, next, main])] });
    expect(revisionsOf(request)).toEqual([base, main, bad, next, merge]);
    expect(request).toMatchObject({ suspectIndex: 2, history: [[], [0], [0], [2], [1, 3]], gaps: [0, 0, 0, 0, 0] });
  });

  it('keeps to 32 archives, with both ends, the suspect and the one before it', async () => {
    const ids = Array.from({ length: 60 }, (_, n) => user.commit(at(n % 60), `c${n}`, { a: String(n) }));
    const request = await pack({
      suspect: ids[41] ?? '',
      before: ids[10] ?? '',
      evidence: [await changesOf(ids.slice(5))],
    });
    const revisions = revisionsOf(request);
    expect(revisions.length).toBeLessThanOrEqual(32);
    expect(revisions).toEqual(expect.arrayContaining([ids[4], ids[10], ids[40], ids[41], ids[59]]));
    expect(revisions[(request as SandboxRequest).suspectIndex]).toBe(ids[41]);
    expect(revisions[(request as SandboxRequest).suspectIndex - 1]).toBe(ids[40]);
    const { gaps = [] } = request as SandboxRequest;
    expect(revisions.length + gaps.reduce((sum, gap) => sum + gap, 0)).toBe(56);
  });

  it('packs the commits of a gap when asked for a second look', async () => {
    const ids = Array.from({ length: 8 }, (_, n) => user.commit(at(n), `c${n}`, { a: String(n) }));
    const request = await pack({
      suspect: ids[7] ?? '',
      gap: { good: [ids[2] ?? '', ids[0] ?? ''], bad: ids[5] ?? '' },
    });
    expect(revisionsOf(request)).toEqual(ids.slice(2, 6));
    expect(request).toMatchObject({ suspectIndex: 3, gaps: [0, 0, 0, 0] });
  });

  it('says of each revision what sort of files its commit changed', async () => {
    user.commit(at(1), 'base', { 'a.js': '1' });
    const files = ['app.yaml', 'package-lock.json', 'requirements.txt', 'test/a.test.js', 'README.md', 'b.js'];
    for (const [n, file] of files.entries()) user.commit(at(n + 2), file, { [file]: '1' });
    user.commit(at(20), 'both', { 'package.json': '2', 'package-lock.json': '2' });
    const base = user.git(['rev-list', '--max-parents=0', 'HEAD']);
    const request = await pack({ before: base });
    expect((request as SandboxRequest).revisions.slice(1).map(({ change }) => change)).toEqual([
      ...['configuration', 'lockfile', 'lockfile', 'tests', 'documentation', 'code', 'lockfile'],
    ]);
  });

  it('names what the source holds no files of, and packs the rest', async () => {
    user.commit(at(1), 'base', { 'a.js': '1' });
    user.git(['update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},vendor/lib`]);
    const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 12\n`;
    await writeFile(path.join(user.folder, 'model.bin'), pointer);
    user.git(['add', 'model.bin']);
    user.git(['commit', '--quiet', '-m', 'more']);
    const request = await pack({});
    expect((request as SandboxRequest).notes).toEqual(
      expect.arrayContaining([
        'user: the submodule vendor/lib is left out, since the repository does not hold its files',
        'user: the file model.bin is a Git LFS pointer without its content',
      ]),
    );
  });

  it("falls back to the suspect's own commands, its reproduction before its tests", async () => {
    [1, 2].map((n) => user.commit(at(n), `c${n}`, { a: String(n) }));
    const own = (more: Partial<SandboxSettings>) => ({
      order: settingsOf('order', { source: order.folder }),
      user: settingsOf('user', { source: user.folder, sandbox: { ...sandbox, ...more } }),
    });
    expect(await pack({}, own({ test: ['t'], reproduce: ['r'] }))).toMatchObject({
      workService: 'user',
      command: ['r'],
    });
    expect(await pack({}, own({ test: ['t'] }))).toMatchObject({ workService: 'user', command: ['t'] });
    expect(await pack({}, own({}))).toMatchObject({
      cannotRun: expect.stringContaining('sandbox.reproduce') as string,
    });
  });

  it('says why it cannot run, and does not throw', async () => {
    const root = user.commit(at(1), 'root', { a: '1' });
    expect(await pack({ suspect: root })).toMatchObject({
      cannotRun: expect.stringContaining('first commit') as string,
    });
    expect(await pack({ suspect: 'f00dface' })).toMatchObject({
      cannotRun: expect.stringContaining('not in this repository') as string,
    });
    expect(await pack({ suspectService: 'unheard' })).toMatchObject({
      cannotRun: expect.stringContaining('not in resident.yaml') as string,
    });
  });

  it('leaves out a neighbour without source, and says so', async () => {
    [1, 2].map((n) => user.commit(at(n), `c${n}`, { a: String(n) }));
    const request = await pack({ neighbours: ['payment'] });
    expect((request as SandboxRequest).notes?.join()).toContain('payment takes no part in the run');
  });
});
