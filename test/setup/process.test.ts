import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { freePort } from '../../src/setup/free-port.ts';
import { answersHttp } from '../../src/setup/probe.ts';
import { identityOf, isAlive } from '../../src/setup/process-identity.ts';
import { startServer, type ServerOptions } from '../../src/setup/process.ts';

const root = path.resolve(import.meta.dirname, '../..');
let folder: string;
let port: number;
const parents: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'resident-process-'));
  port = await freePort();
});

afterEach(async () => {
  for (const parent of parents.splice(0)) parent.kill('SIGTERM');
  await rm(folder, { recursive: true, force: true });
});

it('starts a server, waits until it is ready, and ends it with its children', async () => {
  const server = await startServer(options());
  const grandchild = await readGrandchild();
  expect(isAlive(grandchild)).toBe(true);
  await server.stop();
  await server.stop();
  expect([isAlive(server.pid), await readdir(folder)]).toEqual([false, ['server.log']]);
  await expect.poll(() => isAlive(grandchild)).toBe(false);
});

it('kills a server that does not listen to SIGTERM', async () => {
  const server = await startServer(options({ first: `process.on('SIGTERM', () => undefined);`, stopLimitMs: 200 }));
  await server.stop();
  expect(await server.exited).toBe('SIGKILL');
});

it('shows the end of the log when a server ends at once', async () => {
  const starting = startServer(options({ first: `console.error('address in use'); process.exit(3);` }));
  await expect(starting).rejects.toThrow(/ended at once \(exit code 3\)[^]*address in use/);
});

it('says so when a server is not ready in time, and leaves nothing', async () => {
  const starting = startServer({ ...options(), isReady: async () => false, readyLimitMs: 300 });
  await expect(starting).rejects.toThrow(/was not ready after 0\.3 s/);
  expect(await answersHttp(`http://127.0.0.1:${port}`)).toBe(false);
});

it('says so when the program cannot be started', async () => {
  await expect(startServer({ ...options(), command: path.join(folder, 'none') })).rejects.toThrow(
    /cannot be started.*ENOENT/,
  );
});

it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('leaves nothing when what started it gets %s', async (signal) => {
  const parent = await startInOwnProcess();
  const grandchild = await readGrandchild();
  parent.child.kill(signal);
  await expect.poll(() => [isAlive(parent.server), isAlive(grandchild)]).toEqual([false, false]);
  await expect.poll(() => parent.child.signalCode).toBe(signal);
  expect(await readdir(folder)).toEqual(['server.log']);
});

it('ends on the next start what a killed run left, and does not refuse the port', async () => {
  const parent = await startInOwnProcess();
  parent.child.kill('SIGKILL');
  await expect.poll(() => isAlive(parent.child.pid ?? 0)).toBe(false);
  expect(isAlive(parent.server)).toBe(true);
  const server = await startServer(options());
  expect(isAlive(parent.server)).toBe(false);
  await server.stop();
});

it('refuses to share the data of a server whose starter still lives', async () => {
  const parent = await startInOwnProcess();
  await expect(startServer(options())).rejects.toThrow(`already runs (process ${parent.server}`);
  expect(isAlive(parent.server)).toBe(true);
});

it('never ends a stranger that was given the pid of a leftover', async () => {
  // A group of its own, so that a signal to the group would reach it.
  const stranger = spawn('sleep', ['60'], { detached: true });
  parents.push(stranger);
  const pid = stranger.pid ?? 0;
  await writeFile(
    path.join(folder, 'server.pid.json'),
    JSON.stringify({ ...identityOf(pid), owner: { pid: 1, began: 'x' } }),
  );
  const server = await startServer(options());
  expect(isAlive(pid)).toBe(true);
  await server.stop();
});

function options({ first = '', stopLimitMs = 5_000 } = {}): ServerOptions {
  const source = `${first}
    const child = require('child_process').spawn('sleep', ['600']);
    require('http').createServer((_, response) => response.end(String(child.pid))).listen(${port}, '127.0.0.1');`;
  return {
    title: 'the fake server',
    command: process.execPath,
    args: ['-e', source, folder],
    env: process.env,
    logFile: path.join(folder, 'server.log'),
    pidFile: path.join(folder, 'server.pid.json'),
    mark: folder,
    isReady: () => answersHttp(`http://127.0.0.1:${port}`),
    stopLimitMs,
  };
}

async function readGrandchild(): Promise<number> {
  return Number(await (await fetch(`http://127.0.0.1:${port}`)).text());
}

async function startInOwnProcess(): Promise<{ child: ChildProcess; server: number }> {
  const program = path.join(import.meta.dirname, 'server-program.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', program, folder, String(port)], { cwd: root });
  parents.push(child);
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await expect.poll(() => output, { timeout: 20_000 }).toContain('"pid"');
  const note = JSON.parse(await readFile(path.join(folder, 'server.pid.json'), 'utf8')) as { pid: number };
  return { child, server: note.pid };
}
