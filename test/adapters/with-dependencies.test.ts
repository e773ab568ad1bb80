import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import type { FoundLayer } from '../../src/adapters/dependencies/dependencies.ts';
import type { PreparedLayer } from '../../src/adapters/dependencies/layer-store.ts';
import { withDependencies } from '../../src/adapters/dependencies/with-dependencies.ts';
import type { GroupOrder, PackedSource, RunOrder, RunReport, Sandbox } from '../../src/adapters/docker/sandbox.ts';

const report: RunReport = { end: 'passed', exitCode: 0, durationMs: 1, output: Buffer.alloc(0), totalBytes: 0 };
const limits = { memoryMb: 16, cpus: 1, timeoutMs: 1_000, outputBytes: 1_000 };
const { signal } = new AbortController();

function makeOrder(sources: readonly PackedSource[], workService = 'app'): RunOrder {
  const names = { incidentId: 'i', runId: 'r', imageId: 'sha256:i', workService };
  return { ...names, sources, setup: [], command: ['true'], limits, signal };
}

async function packTree(service: string): Promise<Buffer> {
  const tar = pack();
  tar.entry({ name: `${service}/requirements.txt` }, `${service}==1\n`);
  tar.finalize();
  return (await buffer(tar)).subarray(0, -1024);
}

async function makeSource(service: string): Promise<PackedSource> {
  return { service, treeDigest: service, entries: await packTree(service), unpackedBytes: 1, files: 1 };
}

it('reads a tree again that could not be read', async () => {
  const sandbox: Pick<Sandbox, 'run' | 'runGroup'> = {
    run: async () => report,
    runGroup: () => Promise.reject(new Error('No request is replayed here.')),
  };
  const dependencies = { find: async () => ({ found: { kind: 'none' } }) as const, imageWith: async () => 'sha256:i' };
  const equipped = withDependencies(sandbox, dependencies, () => undefined);
  const source = await makeSource('app');
  await expect(equipped.run(makeOrder([{ ...source, entries: Buffer.alloc(512, 120) }]))).rejects.toThrow();
  await expect(equipped.run(makeOrder([source]))).resolves.toEqual(report);
});

describe('layers of several services', () => {
  /** Each service has a layer whose key is its name; an image is named by its layers. */
  function equip() {
    const groups: GroupOrder[] = [];
    const sandbox: Pick<Sandbox, 'run' | 'runGroup'> = {
      run: async () => report,
      async runGroup(order) {
        groups.push(order);
        return { outcome: { kind: 'unreadable', detail: 'a fake' }, members: [], asked: [], durationMs: 1 };
      },
    };
    const dependencies = {
      async find(_imageId: string, inputs: Readonly<Record<string, string>>): Promise<FoundLayer> {
        const key = (inputs['requirements.txt'] ?? '').replace('==1\n', '');
        const layer = { key, language: 'python' } as PreparedLayer;
        return { found: { kind: 'set', language: 'python', lockfile: 'requirements.txt', inputs }, layer };
      },
      imageWith: async (_imageId: string, layers: readonly PreparedLayer[]) => layers.map(({ key }) => key).join(),
    };
    return { groups, equipped: withDependencies(sandbox, dependencies, () => undefined) };
  }

  it('are looked through in one order, that of the service whose command runs before all others', async () => {
    const { equipped } = equip();
    const [app, users, payments] = await Promise.all(['app', 'users', 'payments'].map(makeSource));
    for (const sources of [
      [app!, users!, payments!],
      [payments!, users!, app!],
    ]) {
      expect(await equipped.run(makeOrder(sources, 'app'))).toMatchObject({ layeredImageId: 'app,payments,users' });
      expect(await equipped.run(makeOrder(sources, 'users'))).toMatchObject({ layeredImageId: 'users,app,payments' });
    }
  });

  it('are not mixed where each service has a container of its own', async () => {
    const { equipped, groups } = equip();
    const member = {
      setup: [],
      command: ['true'],
      environment: {},
      port: 1,
      readyTimeoutMs: 1,
      imageId: 'sha256:i',
      limits,
    };
    const names = ['app', 'users'];
    const members = await Promise.all(
      names.map(async (service) => ({ ...member, service, sources: [await makeSource(service)] })),
    );
    await equipped.runGroup({
      ...{ incidentId: 'i', runId: 'r', driverImageId: 'sha256:d', members, standIns: [], limits, signal },
      ...{ request: { method: 'GET', path: '/' }, answerTimeoutMs: 1 },
    });
    expect(groups[0]?.members.map(({ service, imageId }) => [service, imageId])).toEqual([
      ['app', 'app'],
      ['users', 'users'],
    ]);
  });
});
