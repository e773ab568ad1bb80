import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { keepAlive } from '../../src/cli/keep-alive.ts';
import { keepServer } from '../../src/cli/keep-server.ts';
import { endLeftovers } from '../../src/cli/leftovers.ts';
import { plain, renderTable } from '../../src/cli/output.ts';
import { usesSandbox } from '../../src/cli/servers.ts';
import { loadSettings } from '../../src/config.ts';
import { identityOf, isAlive } from '../../src/setup/process-identity.ts';

const node = (script: string) => spawn(process.execPath, ['-e', script], { stdio: 'ignore' });
const forever = 'setInterval(() => {}, 1000)';

describe('a child that is kept alive', () => {
  test('is started again after it was killed, and not after it was stopped', async () => {
    const pids: number[] = [];
    const deaths: [string, number | undefined][] = [];
    const kept = keepAlive({
      role: 'sleeper',
      spawn: () => node(forever),
      onSpawn: (pid) => pids.push(pid),
      onDeath: (why, delayMs) => deaths.push([why, delayMs]),
      firstDelayMs: 10,
    });
    expect(pids).toHaveLength(1);
    process.kill(pids[0] ?? 0, 'SIGKILL');
    await expect.poll(() => pids.length).toBe(2);
    await kept.stop();
    expect(deaths).toEqual([['killed by SIGKILL', 10]]);
    expect(pids.filter(isAlive)).toEqual([]);
  });

  test('that dies again and again is started ever more slowly', async () => {
    const delays: (number | undefined)[] = [];
    const kept = keepAlive({
      role: 'failing',
      spawn: () => node('process.exit(7)'),
      onSpawn: () => undefined,
      onDeath: (why, delayMs) => delays.push(delayMs) && expect(why).toBe('exit code 7'),
      firstDelayMs: 5,
      longestDelayMs: 20,
    });
    await expect.poll(() => delays.length, { timeout: 10_000 }).toBeGreaterThanOrEqual(4);
    await kept.stop();
    expect(delays.slice(0, 4)).toEqual([5, 10, 20, 20]);
  });

  test('that never did its work and ends at once three times is given up; one that did, or is killed, is not', async () => {
    const start = (script: string, hasBeenUp: boolean) => {
      const deaths: (number | undefined)[] = [];
      const kept = keepAlive({
        ...{ role: 'failing', spawn: () => node(script), onSpawn: () => undefined, hasBeenUp: () => hasBeenUp },
        onDeath: (_, delayMs) => deaths.push(delayMs),
        ...{ firstDelayMs: 1, longestDelayMs: 1 },
      });
      return { deaths, kept };
    };
    const never = start('process.exit(1)', false);
    const once = start('process.exit(1)', true);
    const killed = start('process.kill(process.pid, "SIGKILL")', false);
    await expect.poll(() => once.deaths.length, { timeout: 10_000 }).toBeGreaterThan(4);
    await expect.poll(() => killed.deaths.length, { timeout: 10_000 }).toBeGreaterThan(4);
    await expect.poll(() => never.deaths).toEqual([1, 1, undefined]);
    expect([...once.deaths, ...killed.deaths]).not.toContain(undefined);
    await Promise.all([never, once, killed].map(({ kept }) => kept.stop()));
  });

  test('that does not end when asked is ended by force', async () => {
    const child = spawn(process.execPath, ['-e', `process.on('SIGTERM', () => {}); process.send('up'); ${forever}`], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    const isUp = new Promise((resolve) => child.once('message', resolve));
    const kept = keepAlive({
      role: 'stubborn',
      spawn: () => child,
      onSpawn: () => undefined,
      onDeath: () => undefined,
    });
    await isUp;
    await kept.stop(50);
    expect(isAlive(child.pid ?? 0)).toBe(false);
  });
});

test('a server that ends is started again where it was', async () => {
  const places: (string | undefined)[] = [];
  const ends: ((how: string) => void)[] = [];
  const told: string[] = [];
  const start = async (before?: { readonly address: string }) => {
    places.push(before?.address);
    const exited = new Promise<string>((resolve) => ends.push(resolve));
    return { address: 'a:1', pid: process.pid, exited, stop: async () => undefined };
  };
  const kept = await keepServer('temporal', start, { say: (text) => told.push(text), onStart: () => undefined });
  ends[0]?.('SIGKILL');
  await expect.poll(() => places.length).toBe(2);
  expect(places).toEqual([undefined, 'a:1']);
  expect(told[0]).toContain('ended (SIGKILL)');
  await kept.stop();
});

test('a Docker engine is wanted only where a service names a sandbox', () => {
  const load = (services: string) => {
    const file = path.join(mkdtempSync(path.join(tmpdir(), 'resident-sandboxes-')), 'resident.yaml');
    writeFileSync(file, `version: 1\nservices: ${services}\n`);
    return loadSettings(file);
  };
  expect(usesSandbox(load('{ a: {}, b: { sandbox: { test: [t] } } }'))).toBe(true);
  expect(usesSandbox(load('{ a: {}, b: {} }'))).toBe(false);
});

test('leftovers are ended, and a stranger with the same pid is not', async () => {
  const [left, stranger] = [node(forever), node(forever)];
  const strangerIdentity = { ...identityOf(stranger.pid ?? 0), began: 'another time' };
  const ended = await endLeftovers({
    startedAt: '',
    supervisor: strangerIdentity,
    processes: { worker: identityOf(left.pid ?? 0), gateway: strangerIdentity },
  });
  expect(ended).toEqual(['worker']);
  expect([isAlive(left.pid ?? 0), isAlive(stranger.pid ?? 0)]).toEqual([false, true]);
  stranger.kill('SIGKILL');
});

test('tables are aligned, and text from outside cannot act on the terminal', () => {
  expect(
    renderTable(
      ['A', 'B'],
      [
        ['long cell', 'x'],
        ['y', ''],
      ],
    ),
  ).toBe('A          B\nlong cell  x\ny');
  expect(plain('a\u001b[2Jb\u0007\n\u202ec\u001b]52;c;ZXZpbA==\u0007')).toBe('ab\nc');
});
