import { createServer } from 'node:http';
import { mkdtempSync } from 'node:fs';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { identifyProcess } from '../../src/adapters/commands/process-identity.ts';
import { limitPool, type PoolParts } from '../../src/adapters/docker/pool-cgroup.ts';
import { createPool, suggestConcurrent } from '../../src/adapters/docker/pool.ts';
import { labels, planContainer, listDifferences } from '../../src/adapters/docker/policy.ts';
import { isOrphan } from '../../src/adapters/docker/reaper.ts';
import { createDockerSandbox, type RunOrder } from '../../src/adapters/docker/sandbox.ts';
import { packSource } from '../../src/adapters/docker/sources.ts';

const never = new AbortController().signal;
const limits = { memoryMb: 256, cpus: 1, timeoutMs: 1_000, outputBytes: 1_000 };

describe('a pool', () => {
  it('lets so many run at once, and the others in the order in which they came', async () => {
    const pool = createPool(2);
    const begun: number[] = [];
    const ends: (() => void)[] = [];
    const all = [0, 1, 2, 3].map((index) =>
      pool.run(never, async () => {
        begun.push(index);
        await new Promise<void>((resolve) => (ends[index] = resolve));
        return index;
      }),
    );
    await Promise.resolve();
    expect(begun).toEqual([0, 1]);
    ends[1]?.();
    await all[1];
    await vi.waitFor(() => expect(begun).toEqual([0, 1, 2]));
    ends[0]?.();
    ends[2]?.();
    await vi.waitFor(() => expect(begun).toEqual([0, 1, 2, 3]));
    ends[3]?.();
    expect(await Promise.all(all)).toEqual([0, 1, 2, 3]);
  });

  it('gives the turn back when work fails, and loses none to those who left the queue', async () => {
    const pool = createPool(1);
    const leave = new AbortController();
    let fail = (_: Error): void => undefined;
    const failing = pool.run(never, () => new Promise<never>((_, reject) => (fail = reject)));
    const leaving = pool.run(leave.signal, async () => 'never');
    const staying = pool.run(never, async () => 'done');
    leave.abort(new Error('left'));
    await expect(leaving).rejects.toThrow('left');
    fail(new Error('broken'));
    await expect(failing).rejects.toThrow('broken');
    expect(await staying).toBe('done');
    expect(await pool.run(never, async () => 'again')).toBe('again');
    await expect(pool.run(leave.signal, async () => 'never')).rejects.toThrow('left');
  });

  it('has a place for each processor, within half of the memory, and one at least', () => {
    expect([suggestConcurrent(8, 32_000), suggestConcurrent(8, 2_048), suggestConcurrent(4, 512)]).toEqual([8, 2, 1]);
    expect(suggestConcurrent(128, 1_000_000)).toBe(16);
  });
});

describe('the limits of all sandboxes together', () => {
  const owner = identifyProcess(process.pid);
  const base: Omit<PoolParts, 'mount'> = {
    address: { dockerHost: 'unix:///run/docker.sock' },
    engine: { cgroupDriver: 'cgroupfs' },
    owner,
    limits: { memoryMb: 64, processes: 100 },
  };
  const name = `worker-${process.pid}-${owner.start}`;

  it('are written into a cgroup of this worker: one tree with cgroup v2', async () => {
    const mount = mkdtempSync(path.join(tmpdir(), 'cgroup-'));
    await writeFile(path.join(mount, 'cgroup.controllers'), 'memory pids');
    expect(await limitPool({ ...base, mount })).toEqual({ cgroupParent: `/resident-sandboxes/${name}` });
    const read = (file: string) => readFile(path.join(mount, 'resident-sandboxes', name, file), 'utf8');
    expect([await read('memory.max'), await read('pids.max')]).toEqual([String(64 << 20), '100']);
    const handed = await readFile(path.join(mount, 'resident-sandboxes', 'cgroup.subtree_control'), 'utf8');
    expect(handed).toBe('+memory +pids');
  });

  it('are written for each controller with cgroup v1, and cgroups of dead workers go', async () => {
    const mount = mkdtempSync(path.join(tmpdir(), 'cgroup-'));
    const parent = path.join(mount, 'memory', 'resident-sandboxes');
    await mkdir(path.join(mount, 'pids'));
    for (const left of ['worker-4194304-1', 'of-somebody-else'])
      await mkdir(path.join(parent, left), { recursive: true });
    expect(await limitPool({ ...base, mount })).toEqual({ cgroupParent: `/resident-sandboxes/${name}` });
    expect(await readFile(path.join(parent, name, 'memory.limit_in_bytes'), 'utf8')).toBe(String(64 << 20));
    expect(await readFile(path.join(mount, 'pids', 'resident-sandboxes', name, 'pids.max'), 'utf8')).toBe('100');
    expect((await readdir(parent)).sort()).toEqual(['of-somebody-else', name]);
  });

  it.each([
    ['an engine elsewhere', { address: { dockerHost: 'tcp://10.0.0.1:2375' } }, /another machine/],
    ['systemd', { engine: { cgroupDriver: 'systemd' } }, /systemctl set-property .* MemoryMax=64M TasksMax=100/],
    ['files that cannot be written', { mount: '/proc/1/nowhere' }, /root may/],
  ])('are left out with %s, and why is said', async (_, change, reason) => {
    expect(await limitPool({ ...base, ...change })).toEqual({ reason: expect.stringMatching(reason) as string });
  });
});

describe('a leftover', () => {
  const self = identifyProcess(process.pid);
  const later = new Date(Date.now() + 60_000).toISOString();
  const judge = (owner: object | string, expires = later) =>
    isOrphan(
      { [labels.owner]: typeof owner === 'string' ? owner : JSON.stringify(owner), [labels.expires]: expires },
      self,
    );

  it('is what is past its time, or has none, whoever made it', () => {
    expect(judge(self, new Date(Date.now() - 1).toISOString())).toBe(true);
    expect(judge(self, 'soon')).toBe(true);
  });

  it('is what a dead process of this machine made, also when its number was given out again', () => {
    expect(judge({ ...self, pid: 4_194_304 })).toBe(true);
    expect(judge({ ...self, start: '1' })).toBe(true);
    expect(judge(self)).toBe(false);
  });

  it('is never what another machine or PID namespace made, for nobody here sees its worker', () => {
    expect(judge({ ...self, pid: 4_194_304, host: `not-${hostname()}` })).toBe(false);
    expect(judge({ ...self, pid: 4_194_304, scope: 'another' })).toBe(false);
    expect(judge('of another version')).toBe(false);
  });
});

describe('another runtime', () => {
  const plan = {
    ...{ incidentId: 'i', runId: 'r', owner: 'o', imageId: 'sha256:1', limits, ttlSeconds: 61, expires: later() },
    engine: { version: '1', architecture: 'x86_64', cgroupDriver: 'cgroupfs', cpus: 2 },
    seccompProfile: '{}',
  } as const;

  it('is asked for, and a container that the engine made with another is not started', () => {
    expect(planContainer(plan).HostConfig.Runtime).toBeUndefined();
    const planned = planContainer({ ...plan, runtime: 'runsc' });
    expect(planned.HostConfig.Runtime).toBe('runsc');
    const made = { Config: planned, Image: 'sha256:1', HostConfig: { ...planned.HostConfig, Runtime: 'runc' } };
    expect(listDifferences(planned, made as never)).toContain('Runtime is "runc", not "runsc"');
  });
});

describe('sources', () => {
  it.each([
    ['gzip', gzipSync(Buffer.alloc(1 << 20))],
    ['bzip2', Buffer.from('BZh91AY&SY')],
    ['xz', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0])],
    ['zstd', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0])],
  ])('that are compressed (%s) are refused before they are read', async (_, tar) => {
    await expect(packSource('app', tar)).rejects.toThrow(/is compressed; it must be a plain tar/);
  });

  it('are counted together, bytes and files, before any is sent', async () => {
    const sandbox = createDockerSandbox({
      address: { dockerHost: 'unix:///nowhere/docker.sock' },
      images: { ensureImage: () => Promise.reject(new Error('not asked')) },
      logger: { warn: () => undefined, info: () => undefined },
    });
    const source = { service: 'app', treeDigest: '', entries: Buffer.alloc(0), unpackedBytes: 70 << 20, files: 31_000 };
    const run = (change: object) => sandbox.run({ ...order(never), sources: [source, { ...source, ...change }] });
    await expect(run({})).rejects.toThrow(/140 MB .* 128 MB/);
    await expect(run({ unpackedBytes: 1 })).rejects.toThrow(/62000 files .* room for 60000/);
  });
});

describe('an engine that takes requests and never answers', () => {
  afterEach(() => vi.useRealTimers());

  it('is lost after a while, and holds no cancel', async () => {
    const engine = await startSilentEngine();
    const sandbox = createDockerSandbox({
      address: { dockerHost: `unix://${engine.socket}` },
      images: { ensureImage: () => Promise.reject(new Error('not asked')) },
      logger: { warn: () => undefined, info: () => undefined },
      concurrent: 2,
    });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const cancel = new AbortController();
    const lost = sandbox.run(order(never)).catch((error: unknown) => error);
    const cancelled = sandbox.run(order(cancel.signal)).catch((error: unknown) => error);
    while (engine.asked() < 2) await new Promise((resolve) => setImmediate(resolve));
    cancel.abort(new Error('cancelled by a person'));
    await vi.advanceTimersByTimeAsync(16_000);
    expect(await cancelled).toMatchObject({ message: 'cancelled by a person' });
    await vi.advanceTimersByTimeAsync(110_000);
    expect(await lost).toMatchObject({ trouble: { kind: 'EngineLost', retryable: true } });
    engine.stop();
  });
});

function later(): string {
  return new Date(Date.now() + 60_000).toISOString();
}

function order(signal: AbortSignal): RunOrder {
  const source = { service: 'app', treeDigest: '', entries: Buffer.alloc(0), unpackedBytes: 1, files: 1 };
  return {
    ...{ incidentId: 'i', runId: 'r', imageId: 'sha256:1', sources: [source], workService: 'app' },
    ...{ setup: [], command: ['true'], limits, signal },
  };
}

/** Describes itself, and is silent when a container is to be made. */
async function startSilentEngine() {
  let asked = 0;
  const info = { OSType: 'linux', Architecture: 'x86_64', SecurityOptions: ['name=seccomp'], NCPU: 2 };
  const fit = { ...info, MemoryLimit: true, SwapLimit: true, PidsLimit: true, CpuCfsQuota: true };
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/containers/create')) asked += 1;
    else response.setHeader('content-type', 'application/json').end(JSON.stringify({ ...fit, ApiVersion: '1.45' }));
  });
  const socket = path.join(mkdtempSync(path.join(tmpdir(), 'engine-')), 'docker.sock');
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return { socket, asked: () => asked, stop };
}
