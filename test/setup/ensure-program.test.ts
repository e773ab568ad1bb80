import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensureProgram, type EnsureOptions } from '../../src/setup/ensure-program.ts';
import { renderStep, type SetupStep } from '../../src/setup/progress.ts';

let folder: string;
let steps: SetupStep[];
let servers: Server[];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'resident-ensure-'));
  steps = [];
  servers = [];
});

afterEach(async () => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  await rm(folder, { recursive: true, force: true });
});

describe('looking', () => {
  it('takes the server that the environment points to before everything else', async () => {
    const address = await serve(() => ({ status: 200, body: '' }));
    await putProgram('path', 'prometheus', '2.0.0');
    const found = await ensureProgram('prometheus', options({ env: { PROMETHEUS_URL: address } }));
    expect(found).toMatchObject({ status: 'ready', how: 'environment', address });
  });

  it('does not look further when the server that the environment points to is dead', async () => {
    await putProgram('path', 'prometheus', '2.0.0');
    const found = await ensureProgram('prometheus', options({ env: { PROMETHEUS_URL: 'http://127.0.0.1:1' } }));
    expect(found).toMatchObject({ status: 'missing' });
    expect(found).toHaveProperty('reason', expect.stringContaining('unset PROMETHEUS_URL'));
  });

  it('prefers the PATH to the cache folder, under any of the names', async () => {
    await putProgram('path', 'prometheus-alertmanager', '0.25.0');
    await putProgram('cache/bin', 'alertmanager', '0.30.0');
    const found = await ensureProgram('alertmanager', options());
    expect(found).toMatchObject({ status: 'ready', how: 'path', version: '0.25.0' });
  });

  it('passes over a program that does not run and one that is too old', async () => {
    await putProgram('path', 'temporal', '1.4.1');
    await putProgram('cache/bin', 'temporal-1.8.2', '1.8.2');
    expect(await ensureProgram('temporal', options())).toMatchObject({ how: 'cache', version: '1.8.2' });
    await writeFile(path.join(folder, 'path', 'prometheus'), 'not a program');
    await chmod(path.join(folder, 'path', 'prometheus'), 0o755);
    const broken = await ensureProgram('prometheus', options({ mayFetch: false }));
    expect(broken).toHaveProperty('reason', expect.stringContaining('does not run here'));
  });

  it('offers no engine program to whoever is not root', async () => {
    await putProgram('path', 'dockerd', '20.10.24');
    const sockets = { XDG_RUNTIME_DIR: folder, HOME: folder };
    const found = await ensureProgram('docker', options({ env: sockets, isRoot: false }));
    // On a machine with an engine running, that one is found first, as it should be.
    if (found.status === 'ready') expect(found.how).toBe('running');
    else expect(found.reason).toContain('only root can start it');
  });

  it('fetches nothing when that is not allowed, and says what is lost', async () => {
    let requests = 0;
    const vendor = await serve(() => ({ status: 200, body: String(requests++) }));
    const found = await ensureProgram('prometheus', options({ mayFetch: false, vendor }));
    expect(found).toMatchObject({ status: 'missing', costs: expect.stringContaining('metrics') as string });
    expect(requests).toBe(0);
  });
});

describe('downloading', () => {
  it('unpacks the archive whose checksum the vendor confirms, and finds it in the cache the next time', async () => {
    const vendor = await serveRelease();
    expect(await ensureProgram('prometheus', options({ vendor }))).toMatchObject({
      status: 'ready',
      how: 'download',
      version: '3.14.0',
    });
    expect(steps.map(renderStep).join('\n')).toMatch(/✓ Prometheus: 3\.14\.0, .* … \d+ ms/);
    expect(await ensureProgram('prometheus', options())).toMatchObject({ how: 'cache', version: '3.14.0' });
    expect(await readdir(path.join(folder, 'cache', 'staging'))).toEqual([]);
  });

  it('throws away an archive whose checksum is another', async () => {
    const vendor = await serveRelease({ checksum: 'a'.repeat(64) });
    const found = await ensureProgram('prometheus', options({ vendor }));
    expect(found).toHaveProperty('reason', expect.stringContaining('it was thrown away'));
    expect(await readdir(path.join(folder, 'cache', 'bin')).catch(() => [])).toEqual([]);
  });

  it('gives up on a vendor who does not answer within the limit', async () => {
    const vendor = await serve(() => undefined);
    const found = await ensureProgram('prometheus', options({ vendor, limits: { connectMs: 100 } }));
    expect(found).toHaveProperty('reason', expect.stringContaining('sent nothing for 0.1 s'));
  });

  it('gives up on a download that stalls in the middle', async () => {
    const vendor = await serveRelease({ stall: true });
    const found = await ensureProgram('prometheus', options({ vendor, limits: { stallMs: 100 } }));
    expect(found).toHaveProperty('reason', expect.stringContaining('sent nothing for 0.1 s'));
    expect(await readdir(path.join(folder, 'cache', 'staging'))).toEqual([]);
  });

  it('clears away what a killed run left half done', async () => {
    await mkdir(path.join(folder, 'cache/staging/prometheus/out'), { recursive: true });
    await writeFile(path.join(folder, 'cache/staging/prometheus/out/prometheus'), 'half');
    const vendor = await serveRelease();
    expect(await ensureProgram('prometheus', options({ vendor }))).toMatchObject({ status: 'ready' });
    expect(await readFile(path.join(folder, 'cache/bin/prometheus'), 'utf8')).toContain('3.14.0');
  });

  it('downloads once when two ask at the same time', async () => {
    let archives = 0;
    const vendor = await serveRelease({ onArchive: () => archives++ });
    const both = await Promise.all([
      ensureProgram('prometheus', options({ vendor })),
      ensureProgram('prometheus', options({ vendor })),
    ]);
    expect(both.map((each) => each.status)).toEqual(['ready', 'ready']);
    expect(archives).toBe(1);
  });
});

function options(given: Partial<EnsureOptions> & { readonly vendor?: string } = {}): EnsureOptions {
  const { env, vendor = 'http://127.0.0.1:1', ...rest } = given;
  return {
    // tar and gzip come from the system; apt-get, go and the servers do not, so only the folder's own programs are found.
    env: { PATH: `${path.join(folder, 'path')}${path.delimiter}${path.join(folder, 'tools')}`, ...env },
    cacheFolder: path.join(folder, 'cache'),
    systemFolders: [],
    isRoot: true,
    mayFetch: true,
    onStep: (step) => steps.push(step),
    fetch: (url, init) => fetch(new URL(new URL(url instanceof Request ? url.url : url).pathname, vendor), init),
    platform: 'linux',
    arch: 'x64',
    ...rest,
  };
}

async function putProgram(place: string, name: string, version: string): Promise<void> {
  await mkdir(path.join(folder, place), { recursive: true });
  await writeFile(path.join(folder, place, name), program(name, version), { mode: 0o755 });
}

function program(name: string, version: string): string {
  return `#!/bin/sh\necho "${name}, version ${version} (fake)"\n`;
}

interface Answer {
  readonly status: number;
  readonly body: string | Buffer;
  readonly stall?: boolean;
}

async function serve(answer: (url: string) => Answer | undefined): Promise<string> {
  const server = createServer((request, response) => {
    const given = answer(request.url ?? '');
    if (!given) return;
    response.writeHead(given.status, { 'content-length': given.body.length });
    if (given.stall) response.write(given.body.slice(0, 10));
    else response.end(given.body);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A vendor with one release of Prometheus, packed as the real one packs it. */
async function serveRelease(how: { checksum?: string; stall?: boolean; onArchive?: () => void } = {}): Promise<string> {
  const name = 'prometheus-3.14.0.linux-amd64';
  const source = path.join(folder, 'vendor', name);
  await mkdir(source, { recursive: true });
  await mkdir(path.join(folder, 'tools'), { recursive: true });
  for (const tool of ['tar', 'gzip']) {
    const target = execFileSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).trim();
    await writeFile(path.join(folder, 'tools', tool), `#!/bin/sh\nPATH=/usr/bin:/bin exec ${target} "$@"\n`, {
      mode: 0o755,
    });
  }
  await writeFile(path.join(source, 'prometheus'), program('prometheus', '3.14.0'), { mode: 0o755 });
  const archive = execFileSync('tar', ['-czf', '-', '-C', path.dirname(source), name]);
  const sha256 = how.checksum ?? createHash('sha256').update(archive).digest('hex');
  return serve((url) => {
    if (url.endsWith('/sha256sums.txt')) return { status: 200, body: Buffer.from(`${sha256}  ${name}.tar.gz\n`) };
    if (!url.endsWith(`${name}.tar.gz`)) return { status: 404, body: '' };
    how.onArchive?.();
    return { status: 200, body: archive, stall: how.stall ?? false };
  });
}
