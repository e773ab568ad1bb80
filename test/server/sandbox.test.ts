import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { hostname } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { labels } from '../../src/adapters/docker/policy.ts';
import { workFolder } from '../../src/domain/reproduction/frames.ts';
import { countProcesses } from './hostile/side.ts';
import { expectNothingLeft, isEngineThere, limits, makeSandbox, runInside } from './sandbox-harness.ts';
import { until } from '../until.ts';

const parts = isEngineThere ? makeSandbox() : undefined!;

async function listOwnContainers(): Promise<readonly string[]> {
  const label = [`${labels.run}=run-${process.pid}`];
  return (await parts.docker.listContainers({ all: true, filters: { label } })).map(({ Id }) => Id);
}

async function findContainer(): Promise<string> {
  const [id] = await listOwnContainers();
  if (id === undefined) throw new Error('No sandbox of this test runs.');
  return id;
}

/** As the host numbers it. */
async function findProcessOne(): Promise<number> {
  return (await parts.docker.getContainer(await findContainer()).inspect()).State.Pid;
}

describe.skipIf(!isEngineThere)('a run in the sandbox', () => {
  afterEach(() => expectNothingLeft(parts.docker));

  it('passes and fails by the exit code, in the folder of the service, with the whole output', async () => {
    const good = await runInside(parts, ['node', '-e', 'console.log(process.cwd()); console.error("err")']);
    expect(good).toMatchObject({ end: 'passed', exitCode: 0 });
    expect(good.output.toString().split('\n').sort()).toEqual(['', `${workFolder}/app`, 'err']);
    expect(await runInside(parts, ['sh', '-c', 'exit 7'])).toMatchObject({ end: 'failed', exitCode: 7 });
  });

  it('runs set-up first, in the same files, and names the set-up command that fails', async () => {
    const setup = [['sh', '-c', 'echo ready > made'], ['./check.sh']];
    const files = { 'check.sh': '#!/bin/sh\ngrep ready made' };
    expect(await runInside(parts, ['cat', 'made'], { setup, files })).toMatchObject({ end: 'passed' });
    const failed = await runInside(parts, ['true'], { setup: [['true'], ['sh', '-c', 'exit 3']] });
    expect(failed).toMatchObject({ end: 'failed', exitCode: 3, failedSetup: 1 });
  });

  it('is confined: other users, no capability, read-only system, no devices, no engine socket', async () => {
    const script = `
      id -u; grep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/self/status
      touch /usr/x /etc/x /x 2>&1; ls /var/run/docker.sock 2>&1; kill -9 1 2>&1; cat /proc/1/environ 2>&1; true`;
    const text = (await runInside(parts, ['sh', '-c', script])).output.toString();
    expect(text).toMatch(/^65533\nCapEff:\t0+\nNoNewPrivs:\t1\nSeccomp:\t2$/m);
    expect(text.match(/Read-only file system/g)).toHaveLength(3);
    expect(text).toMatch(/docker.sock.*No such file/);
    expect(text).toMatch(/Operation not permitted|not permitted/i);
    expect(text).toMatch(/environ: Permission denied/);
  });

  it('finds itself by name and nobody else: localhost and its host name are loopback, and no name server of the host shows', async () => {
    const script = `
      const { lookup } = require('node:dns/promises');
      (async () => {
        console.log(...(await lookup('localhost', { all: true })).map(({ address }) => address).sort());
        console.log((await lookup(require('node:os').hostname())).address);
        console.log(await lookup('example.com').catch(({ code }) => code));
      })();`;
    const { output } = await runInside(parts, ['node', '-e', script]);
    expect(output.toString()).toMatch(
      /^(?:127\.0\.0\.1|127\.0\.0\.1 ::1|::1 127\.0\.0\.1)\n127\.0\.0\.1\nEAI_AGAIN\n$/,
    );
    const files = await runInside(parts, ['sh', '-c', 'cat /etc/resolv.conf; echo x >> /etc/hosts']);
    expect(files.output.toString().match(/^(?:nameserver|search) .*$/gm)).toEqual(['nameserver 127.0.0.1']);
    expect(files).toMatchObject({ end: 'failed' });
  });

  it('ends at its time limit with every child dead', async () => {
    const mark = `${process.pid}7777`;
    const script = `trap '' TERM; setsid sleep ${mark} & sleep ${mark} & sleep ${mark}`;
    const startedAt = Date.now();
    const report = runInside(parts, ['sh', '-c', script], { limits: { ...limits, timeoutMs: 2_000 } });
    await until('the sleepers run', async () => (await countProcesses(`sleep ${mark}`)) >= 3);
    const notice = 'ended at its time limit of 2 s, with every process in the sandbox';
    expect(await report).toMatchObject({ end: 'timed-out', exitCode: -1, notice });
    expect(await countProcesses(`sleep ${mark}`), 'no sleeper is left').toBe(0);
    expect(Date.now() - startedAt).toBeLessThan(5_000);
  });

  it('names memory as the end, also when only a child was killed for it', async () => {
    const small = { limits: { ...limits, memoryMb: 128 } };
    const bomb = 'const all = []; for (;;) all.push(Buffer.alloc(8 << 20, 1));';
    expect(await runInside(parts, ['node', '-e', bomb], small)).toMatchObject({ end: 'out-of-memory', exitCode: 137 });
    const child = `node -e '${bomb}'; exit 5`;
    expect(await runInside(parts, ['sh', '-c', child], small)).toMatchObject({ end: 'out-of-memory', exitCode: 5 });
  });

  it('is not out of memory because a command kills itself with the same signal', async () => {
    expect(await runInside(parts, ['sh', '-c', 'kill -9 $$'])).toMatchObject({ end: 'failed', exitCode: 137 });
  });

  it('has killed itself when its container ends though nobody asked the engine for it', async () => {
    const mark = `${process.pid}9999`;
    const report = runInside(parts, ['sleep', mark]);
    await until('the command runs', async () => (await countProcesses(`sleep ${mark}`)) > 0);
    // Process 1 belongs to another user than the code, so the code cannot; the host stands in for it here.
    process.kill(await findProcessOne(), 'SIGKILL');
    const notice = 'the sandbox ended while the command ran, and nobody had asked the engine for it';
    expect(await report).toMatchObject({ end: 'killed-itself', exitCode: expect.any(Number) as number, notice });
  });

  it('is to be tried again when another client of the engine ended its container: that says nothing of the command', async () => {
    const mark = `${process.pid}9998`;
    const report = runInside(parts, ['sleep', mark]);
    await until('the command runs', async () => (await countProcesses(`sleep ${mark}`)) > 0);
    const ended = expect(report).rejects.toMatchObject({
      trouble: { system: 'Docker', kind: 'EngineLost', retryable: true },
    });
    await parts.docker.getContainer(await findContainer()).remove({ force: true });
    await ended;
  });

  it('counts only what was killed for memory while the command itself ran', async () => {
    const bomb = 'const all = []; for (;;) all.push(Buffer.alloc(8 << 20, 1));';
    const setup = [['sh', '-c', `node -e '${bomb}'; true`]];
    const small = { setup, limits: { ...limits, memoryMb: 128 } };
    expect(await runInside(parts, ['sh', '-c', 'exit 3'], small)).toMatchObject({ end: 'failed', exitCode: 3 });
  });

  it('waits its turn when as many run as may, and leaves the queue when it is cancelled', async () => {
    const narrow = makeSandbox({ concurrent: 1 });
    const mark = `${process.pid}9997`;
    const cancel = new AbortController();
    const first = runInside(narrow, ['sleep', mark], { signal: cancel.signal });
    await until('the first runs', async () => (await countProcesses(`sleep ${mark}`)) > 0);
    const waiting = new AbortController();
    const second = runInside(narrow, ['true'], { signal: waiting.signal });
    const third = runInside(narrow, ['true']);
    waiting.abort(new Error('not wanted any more'));
    await expect(second).rejects.toThrow('not wanted any more');
    expect(await listOwnContainers()).toHaveLength(1);
    cancel.abort(new Error('cancelled'));
    await expect(first).rejects.toThrow('cancelled');
    expect(await third).toMatchObject({ end: 'passed' });
  });

  it('refuses a runtime that the engine does not know, with the remedy', async () => {
    const strange = makeSandbox({ runtime: 'no-such-runtime' });
    const reason = /knows no runtime no-such-runtime; it has .*runc.*daemon\.json.*`sandbox\.runtime`/;
    expect(await strange.sandbox.preflight()).toMatchObject({
      ok: false,
      reason: expect.stringMatching(reason) as string,
    });
    await expect(runInside(strange, ['true'])).rejects.toMatchObject({ trouble: { kind: 'Unfit' } });
    expect(await makeSandbox({ runtime: 'runc' }).sandbox.preflight()).toMatchObject({ ok: true });
    expect(await runInside(makeSandbox({ runtime: 'runc' }), ['true'])).toMatchObject({ end: 'passed' });
  });

  it('keeps both ends of a long output, and ends a flood', async () => {
    const long = await runInside(parts, ['sh', '-c', 'echo first; seq 100000; echo last']);
    expect(long.output.toString()).toMatch(/^first\n[\s\S]*bytes of output left out here[\s\S]*last\n$/);
    expect(long.output.length).toBeLessThan(limits.outputBytes + 100);
    const flood = await runInside(parts, ['sh', '-c', 'while :; do echo flooding the output; done']);
    expect(flood).toMatchObject({ end: 'output-cut', exitCode: -1 });
    expect(flood.notice).toMatch(/^ended because it had written \d{7,} bytes; 100000 are kept$/);
    expect(flood.output.length).toBeLessThan(limits.outputBytes + 100);
  });

  it('does not wait for a child that keeps the output open', async () => {
    const report = await runInside(parts, ['sh', '-c', 'sleep 60 & echo done']);
    expect(report).toMatchObject({ end: 'passed' });
    expect(report.durationMs).toBeLessThan(5_000);
  });

  it('reaches no network: not the loopback of the host, not its addresses', async () => {
    const arrived: string[] = [];
    const server = createServer((socket) => {
      arrived.push('tcp');
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
    const { port } = server.address() as { port: number };
    const probe = `
      const net = require('net'); const os = require('os');
      console.log(Object.keys(os.networkInterfaces()).join());
      for (const host of ['127.0.0.1', '172.17.0.1', '10.0.0.1', '169.254.169.254', '${hostname()}'])
        net.connect(${port}, host).on('error', (e) => console.log(host, e.code)).on('connect', () => console.log(host, 'CONNECTED'));
    `;
    const text = (await runInside(parts, ['node', '-e', probe])).output.toString();
    // Positive control: the same server is reached from outside the sandbox.
    const control = spawn(process.execPath, ['-e', `require('net').connect(${port}, '127.0.0.1')`]);
    await until('the control arrives', async () => arrived.length > 0);
    control.kill();
    server.close();
    expect(arrived).toEqual(['tcp']);
    expect(text).toMatch(/^lo\n/);
    expect(text).not.toContain('CONNECTED');
    expect(text.trim().split('\n')).toHaveLength(6);
  });

  it('is gone within two seconds of a cancel', async () => {
    const cancel = new AbortController();
    const mark = `${process.pid}8888`;
    const report = runInside(parts, ['sleep', mark], { signal: cancel.signal });
    await until('the command runs', async () => (await countProcesses(`sleep ${mark}`)) > 0);
    const startedAt = Date.now();
    cancel.abort(new Error('cancelled by a person'));
    await expect(report).rejects.toThrow('cancelled by a person');
    expect(Date.now() - startedAt).toBeLessThan(2_000);
  });

  it('refuses sources that do not fit, with the remedy', async () => {
    const files = { 'big.bin': 'x'.repeat(70 << 20) };
    const small = { ...limits, memoryMb: 128 };
    await expect(runInside(parts, ['true'], { files, limits: small })).rejects.toThrow(/Raise sandbox.memoryMb/);
  });
});

describe.skipIf(!isEngineThere)('what a dead worker leaves behind', () => {
  it('is removed by the next worker, and by a retry of the same run', async () => {
    for (const filter of [{ orphans: true }, { runId: 'run-of-the-dead' }]) {
      const child = spawn(process.execPath, ['--import', 'tsx', path.join(import.meta.dirname, 'sandbox-process.ts')]);
      const find = () => parts.docker.listContainers({ filters: { label: ['resident.run=run-of-the-dead'] } });
      await until('its sandbox runs', async () => (await find()).length > 0, 30_000);
      const [alive] = await find();
      expect(await parts.sandbox.reap({ orphans: true }), 'a living worker keeps its sandbox').not.toContain(alive?.Id);
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
      expect(await find()).toHaveLength(1);
      expect(await parts.sandbox.reap(filter)).toContain(alive?.Id);
      expect(await find()).toHaveLength(0);
    }
  });
});

describe.skipIf(!isEngineThere)('an image built from this machine', () => {
  it('has the same id twice, and is there at once the second time', async () => {
    const first = await parts.images.ensureImage('node');
    await parts.docker.getImage(first.tag).remove({ force: true });
    const again = await parts.images.ensureImage('node');
    expect(again).toMatchObject({ source: 'built', id: first.id });
    const third = await parts.images.ensureImage('node');
    expect(third).toMatchObject({ source: 'present', id: first.id });
    expect(third.durationMs).toBeLessThan(2_000);
  });

  it('runs Python tests, without compiling the standard library anew', async () => {
    const files = {
      'test_it.py': 'import unittest, json, sqlite3\nclass T(unittest.TestCase):\n  def test_it(self): pass\n',
    };
    const report = await runInside(parts, ['python3', '-m', 'unittest', '-v'], { image: 'python', files });
    expect(report.output.toString()).toMatch(/test_it.*ok[\s\S]*OK/);
    expect(report).toMatchObject({ end: 'passed' });
    const probe = 'import json, sys; print(json.__cached__); import os; print(os.path.exists(json.__cached__))';
    expect((await runInside(parts, ['python3', '-c', probe], { image: 'python' })).output.toString()).toMatch(/True$/m);
  });

  it.skipIf(!existsSync('/usr/share/zoneinfo/Europe/Berlin'))(
    'knows the time zones of this machine in Python',
    async () => {
      const probe =
        'import os, time, zoneinfo; print(zoneinfo.ZoneInfo("Europe/Berlin")); os.environ["TZ"] = "Europe/Berlin"; time.tzset(); print(time.localtime(0).tm_hour)';
      const { output } = await runInside(parts, ['python3', '-c', probe], { image: 'python' });
      expect(output.toString()).toBe('Europe/Berlin\n1\n');
    },
  );

  it('runs npm scripts', async () => {
    const files = { 'package.json': '{"scripts":{"test":"node -e \\"console.log(6*7)\\""}}' };
    const report = await runInside(parts, ['npm', 'test'], { files });
    expect(report.output.toString()).toMatch(/^42$/m);
    expect(report).toMatchObject({ end: 'passed' });
  });

  it('is never pulled: a name that the engine does not hold is refused with the remedy', async () => {
    await expect(parts.images.ensureImage('example/absent:1')).rejects.toThrow(/holds no image example\/absent:1/);
  });
});
