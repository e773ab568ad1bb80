import { buffer } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { extract, pack, type Header } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { checkEngine, judgeEngine, openEngine, type EngineInfo } from '../../src/adapters/docker/engine.ts';
import { createOutputKeeper, splitFrames } from '../../src/adapters/docker/output.ts';
import {
  listDifferences,
  listStatusFaults,
  planContainer,
  readSeccompProfile,
  type ContainerPlan,
} from '../../src/adapters/docker/policy.ts';
import { joinSources, packSource } from '../../src/adapters/docker/sources.ts';
import { fitEngine } from '../fakes/fit-engine.ts';

const fit: EngineInfo = { ...fitEngine, runcVersion: '1.3.3', NCPU: 2 };

describe('the preflight of an engine', () => {
  it('accepts one that can enforce every limit, and warns of a runtime with known holes', () => {
    expect(judgeEngine('here', '1.41', fit)).toMatchObject({ ok: true, warnings: [] });
    const old = judgeEngine('here', '1.51', { ...fit, runcVersion: '1.1.5+ds1', SecurityOptions: ['seccomp'] });
    const warnings = old.ok ? old.warnings.join('\n') : old.reason;
    expect(warnings).toMatch(/CVE-2025-31133[\s\S]*AppArmor/);
  });

  it.each([
    ['no memory limit', { MemoryLimit: false }, /cannot enforce MemoryLimit/],
    ['no swap limit', { SwapLimit: false }, /swapaccount=1/],
    ['no limit on processes', { PidsLimit: false }, /cannot enforce PidsLimit/],
    ['no limit on processors', { CpuCfsQuota: false }, /cannot enforce CpuCfsQuota/],
    ['two limits missing', { MemoryLimit: false, PidsLimit: false }, /cannot enforce MemoryLimit, PidsLimit/],
    ['no seccomp', { SecurityOptions: [] }, /no seccomp/],
    ['another system', { OSType: 'windows' }, /Linux/],
    ['another processor', { Architecture: 'riscv64' }, /arm64/],
  ])('fails closed with %s, and says the remedy', (_, change, reason) => {
    expect(judgeEngine('here', '1.45', { ...fit, ...change })).toMatchObject({
      ok: false,
      reason: expect.stringMatching(reason) as string,
    });
  });

  it.each([
    ['1.1.5+ds1', true],
    ['1.2.7', true],
    ['1.2.8', false],
    ['1.3.2', true],
    ['1.3.3', false],
    ['v1.4.0', false],
  ])('knows whether runc %s has the fixes of November 2025', (runcVersion, isOld) => {
    const judged = judgeEngine('here', '1.51', { ...fit, runcVersion });
    expect(judged.ok && judged.warnings.length > 0).toBe(isOld);
  });

  it('refuses an API that is too old, by number and not by text', () => {
    expect(judgeEngine('here', '1.9', fit)).toMatchObject({ ok: false });
    expect(judgeEngine('here', '1.100', fit)).toMatchObject({ ok: true });
  });

  it('names the address where nothing answers, and never throws', async () => {
    const address = { dockerHost: 'unix:///nowhere/docker.sock' };
    expect(await checkEngine(openEngine(address), address)).toMatchObject({
      ok: false,
      reason: expect.stringMatching(/No Docker engine answers at unix:\/\/\/nowhere.*DOCKER_HOST/) as string,
    });
  });
});

const plan: ContainerPlan = {
  incidentId: 'incident/app',
  runId: 'run-1',
  owner: 'host:1:2',
  imageId: 'sha256:1',
  limits: { memoryMb: 256, cpus: 1, timeoutMs: 1_000, outputBytes: 1_000 },
  ttlSeconds: 61,
  expires: '2026-01-01T00:00:00Z',
  engine: { version: '1', architecture: 'x86_64', cgroupDriver: 'systemd', cpus: 2 },
  seccompProfile: '{}',
};

describe('the container that is asked for', () => {
  const planned = planContainer(plan);
  const { User, Cmd, WorkingDir, Tty } = planned;
  const paths = { MaskedPaths: ['/proc/kcore', '/proc/keys'], ReadonlyPaths: ['/proc/sys', '/proc/sysrq-trigger'] };
  const made = {
    Config: { User, Cmd, WorkingDir, Tty },
    HostConfig: { ...planned.HostConfig, ...paths, OomScoreAdj: 0, Devices: [], GroupAdd: null },
    Image: planned.Image,
    Mounts: [],
  };
  const inspect = (change: object) => listDifferences(planned, { ...made, ...change } as never);

  it('leaves a quarter of the memory and more to processes, for its folders are charged to it', () => {
    const sizes = Object.values(planned.HostConfig.Tmpfs as Record<string, string>).map((options) =>
      Number(/size=(\d+)/.exec(options)?.[1]),
    );
    expect(sizes.reduce((sum, size) => sum + size)).toBeLessThanOrEqual(0.75 * 256 * 1024 * 1024);
  });

  it('is what was made: any difference is named', () => {
    expect(inspect({})).toEqual([]);
    for (const [field, value] of Object.entries(planned.HostConfig)) {
      const other = { HostConfig: { ...made.HostConfig, [field]: value === true ? false : undefined } };
      expect(inspect(other)).toEqual([expect.stringContaining(`${field} is`)]);
    }
    expect(inspect({ Mounts: [{ Type: 'volume', Destination: '/sandbox' }] })).toHaveLength(1);
    for (const [field, value] of Object.entries({ User: 'root', Cmd: ['sh'], WorkingDir: '/', Tty: true })) {
      expect(inspect({ Config: { ...made.Config, [field]: value } })).toEqual([expect.stringContaining(`${field} is`)]);
    }
    expect(inspect({ Image: 'sha256:2' })).toHaveLength(1);
  });

  it.each([
    ['Binds', ['/:/host']],
    ['Devices', [{ PathOnHost: '/dev/mem' }]],
    ['CapAdd', ['SYS_ADMIN']],
    ['GroupAdd', ['docker']],
    ['Sysctls', { 'kernel.msgmax': '1' }],
    ['PublishAllPorts', true],
    ['OomKillDisable', true],
    ['OomScoreAdj', -500],
    ['PidMode', 'host'],
    ['UsernsMode', 'host'],
    ['MaskedPaths', []],
    ['ReadonlyPaths', undefined],
  ])('brings nothing that was not asked for: %s', (field, value) => {
    expect(inspect({ HostConfig: { ...made.HostConfig, [field]: value } })).toEqual([
      expect.stringContaining(`${field} is`),
    ]);
  });

  it('is confined only when the kernel says so from within', () => {
    const none = ['Inh', 'Prm', 'Eff', 'Bnd', 'Amb'].map((set) => `Cap${set}:\t0000000000000000\n`).join('');
    const status = `Uid:\t65533\t65533\nGid:\t65533\t65533\n${none}NoNewPrivs:\t1\nSeccomp:\t2\n`;
    expect(listStatusFaults(status)).toEqual([]);
    expect(listStatusFaults(status.replace('Seccomp:\t2', 'Seccomp:\t0'))).toEqual(['Seccomp is 0']);
    expect(listStatusFaults(status.replace('CapBnd:\t0', 'CapBnd:\t2'))).toEqual(['CapBnd is 2000000000000000']);
    expect(listStatusFaults(status.replace('Uid:\t65533', 'Uid:\t0'))).toEqual(['Uid is 0']);
    expect(listStatusFaults('')).toHaveLength(9);
  });

  it.each(['x86_64', 'arm64'] as const)('carries a system-call filter for %s that denies by default', async (name) => {
    const profile = JSON.parse(await readSeccompProfile(name)) as {
      defaultAction: string;
      syscalls: { names: string[]; action: string; args?: unknown[] }[];
    };
    expect(profile.defaultAction).toBe('SCMP_ACT_ERRNO');
    const outright = profile.syscalls.filter(({ args, action }) => !args && action === 'SCMP_ACT_ALLOW');
    const allowed = outright.flatMap(({ names }) => names);
    expect(allowed).toContain('read');
    for (const call of ['mount', 'unshare', 'ptrace', 'bpf', 'io_uring_setup', 'socket', 'clone', 'keyctl']) {
      expect(allowed).not.toContain(call);
    }
  });
});

async function makeTar(...headers: (Partial<Header> & { name: string; text?: string })[]): Promise<Buffer> {
  const tar = pack();
  for (const { text, ...header } of headers) tar.entry(header, text ?? '');
  tar.finalize();
  return buffer(tar as never);
}

describe('sources on their way in', () => {
  it('are packed under the folder of their service, with plain modes', async () => {
    const tar = await makeTar(
      { name: 'run.sh', mode: 0o4777, text: 'x' },
      { name: './src/a.js', mode: 0o600, text: 'a' },
      { name: 'link', type: 'symlink', linkname: 'run.sh' },
    );
    const packed = joinSources([await packSource('app', tar), await packSource('db', tar)]);
    const seen: string[] = [];
    for await (const entry of Readable.from([packed]).pipe(extract())) {
      seen.push(`${entry.header.name} ${entry.header.mode.toString(8)}`);
      entry.resume();
    }
    const of = (service: string) => [
      `${service}/ 755`,
      `${service}/run.sh 755`,
      `${service}/src/a.js 644`,
      `${service}/link 777`,
    ];
    expect(seen).toEqual([...of('app'), ...of('db')]);
  });

  it('have one digest for equal trees, whatever their times, and another for another mode or content', async () => {
    const digest = async (header: Partial<Header>, text = 'same') =>
      (await packSource('app', await makeTar({ name: 'a', text, ...header }))).treeDigest;
    expect(await digest({ mtime: new Date(1000) })).toBe(await digest({ mtime: new Date(2000) }));
    expect(await digest({ mode: 0o755 })).not.toBe(await digest({ mode: 0o644 }));
    expect(await digest({}, 'other')).not.toBe(await digest({}));
  });

  it.each([
    [{ name: '../up' }, /outside its folder/],
    [{ name: '/etc/passwd' }, /outside its folder/],
    [{ name: 'pipe', type: 'fifo' as const }, /a fifo entry/],
    [{ name: 'hard', type: 'link' as const, linkname: 'a' }, /a link entry/],
  ])('are refused with %o', async (header, message) => {
    await expect(packSource('app', await makeTar(header))).rejects.toThrow(message);
  });

  it('are refused for a service whose name is no folder name', async () => {
    await expect(packSource('../app', await makeTar({ name: 'a' }))).rejects.toThrow(/folder name/);
  });
});

describe('output on its way out', () => {
  const keep = (maxBytes: number, chunks: readonly string[]) => {
    const keeper = createOutputKeeper(maxBytes);
    const answers = chunks.map((chunk) => keeper.add(Buffer.from(chunk)));
    return { ...keeper.finish(), answers };
  };

  it('is whole while it fits, and keeps both ends when it does not', () => {
    expect(keep(10, ['hel', 'lo', 'wor', 'ld']).output.toString()).toBe('helloworld');
    const cut = keep(10, ['hello', 'x'.repeat(50), 'world']);
    expect(cut.output.toString()).toBe('hello\n[50 bytes of output left out here]\nworld');
    expect(cut.totalBytes).toBe(60);
  });

  it('is a flood at 32 times what is kept', () => {
    expect(keep(10, ['x'.repeat(320), 'x']).answers).toEqual(['kept', 'flooded']);
  });

  it('is taken out of frames however they are cut, and a frame inside a frame is data', () => {
    const frame = (text: string) => {
      const header = Buffer.alloc(8);
      header[0] = 1;
      header.writeUInt32BE(Buffer.byteLength(text), 4);
      return Buffer.concat([header, Buffer.from(text)]);
    };
    const inner = frame('forged').toString('latin1');
    const bytes = Buffer.concat([frame('one'), frame(inner), frame('two')]);
    for (let size = 1; size <= bytes.length; size += 1) {
      const parts: Buffer[] = [];
      const take = splitFrames((part) => parts.push(part));
      for (let at = 0; at < bytes.length; at += size) take(bytes.subarray(at, at + size));
      expect(Buffer.concat(parts).toString('latin1')).toBe(`one${inner}two`);
    }
  });
});
