import { createHash, randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { pack, type Header } from 'tar-stream';
import { afterEach, describe, expect, it } from 'vitest';
import { expectNothingLeft, isEngineThere, limits, makeSandbox, runInside } from './sandbox-harness.ts';

// What every sandbox must do, whatever it is made of; in the manner of the self-check of inspect_ai, which every provider passes.

const parts = isEngineThere ? makeSandbox() : undefined!;
const roomy = { ...limits, outputBytes: 8 << 20 };
const run = (command: readonly string[], order: Parameters<typeof runInside>[2] = {}) =>
  runInside(parts, command, { limits: roomy, ...order });
const runNode = (script: string, ...args: string[]) => run(['node', '-e', script, '--', ...args]);
const hashOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

async function packTree(entries: readonly (Partial<Header> & { name: string; body?: Buffer | string })[]) {
  const tar = pack();
  for (const { body = '', ...header } of entries) {
    if (header.type === undefined) tar.entry(header, body);
    else tar.entry(header);
  }
  tar.finalize();
  return [await parts.sandbox.packSource('app', await buffer(tar))];
}

describe.skipIf(!isEngineThere)('output', () => {
  afterEach(() => expectNothingLeft(parts.docker));

  it('is none for a command that writes none, and one byte for one that writes one', async () => {
    expect((await run(['true'])).output.length).toBe(0);
    expect((await run(['printf', 'x'])).output.toString()).toBe('x');
  });

  it('holds UTF-8 of every length, whole, though it comes in pieces', async () => {
    const text = 'aé漢😀'.repeat(20_000);
    const script = `process.stdout.write('aé漢😀'.repeat(20000))`;
    expect((await runNode(script)).output.toString() === text).toBe(true);
  });

  it('holds every byte as it was: NUL, what is no UTF-8, and what looks like a frame of the engine', async () => {
    const script = `process.stdout.write(Buffer.concat([Buffer.from([1,0,0,0,0,0,0,5]), Buffer.from(Array.from({length: 256}, (_, i) => i))]))`;
    const expected = Buffer.concat([Buffer.from([1, 0, 0, 0, 0, 0, 0, 5]), Buffer.from(Array.from(Array(256).keys()))]);
    expect((await runNode(script)).output.equals(expected)).toBe(true);
  });

  it('holds five megabytes, byte for byte', async () => {
    const script = `
      const bytes = require('crypto').createHash('sha256');
      const chunk = Buffer.alloc(1 << 16);
      let left = 80;
      const write = () => {
        if (left-- === 0) return process.stderr.write('');
        for (let i = 0; i < chunk.length; i += 1) chunk[i] = (i * left) & 255;
        process.stdout.write(Buffer.from(chunk), write);
      };
      write();`;
    const wanted = Buffer.concat(
      Array.from({ length: 80 }, (_, index) =>
        Buffer.from(Array.from({ length: 1 << 16 }, (_, i) => (i * (79 - index)) & 255)),
      ),
    );
    const { output, totalBytes } = await runNode(script);
    expect([totalBytes, hashOf(output)]).toEqual([wanted.length, hashOf(wanted)]);
  });

  it('is kept whole up to the limit, and cut in the middle by one byte more', async () => {
    const write = (bytes: number) =>
      run(['node', '-e', `process.stdout.write('x'.repeat(${bytes}))`], { limits: { ...limits, outputBytes: 1_000 } });
    expect((await write(1_000)).output.toString()).toBe('x'.repeat(1_000));
    expect((await write(1_001)).output.toString()).toMatch(/^x{500}\n\[1 bytes of output left out here\]\nx{500}$/);
  });

  it('of both streams is there, and the end is waited for though the command closes both long before', async () => {
    expect((await run(['sh', '-c', 'echo out; echo err >&2'])).output.toString().split('\n').sort()).toEqual([
      '',
      'err',
      'out',
    ]);
    const silent = await run(['sh', '-c', 'exec >&- 2>&-; sleep 2; exit 9']);
    expect(silent).toMatchObject({ end: 'failed', exitCode: 9 });
    expect(silent.durationMs).toBeGreaterThan(1_900);
  });
});

describe.skipIf(!isEngineThere)('arguments', () => {
  afterEach(() => expectNothingLeft(parts.docker));
  const echo = 'console.log(JSON.stringify(process.argv.slice(1)))';

  it('arrive as they are: empty, odd, and what a shell would read', async () => {
    const odd = [
      '',
      ' ',
      'a b',
      '"\'`',
      '$HOME',
      '$(id)',
      '; rm -rf /',
      '\n',
      '\\',
      '*',
      '-e',
      '--',
      '漢😀',
      '\u202e',
      '%s',
    ];
    expect(JSON.parse((await runNode(echo, ...odd)).output.toString())).toEqual(odd);
  });

  it('may be as long as the kernel takes, one and many', async () => {
    const long = 'x'.repeat(128 * 1024 - 1);
    const lengths = 'console.log(process.argv.slice(1).map((one) => one.length).join())';
    expect((await runNode(lengths, long)).output.toString().trim()).toBe(String(long.length));
    const many = Array.from({ length: 5_000 }, (_, index) => `argument ${index}`);
    const counted = 'console.log(process.argv.length - 1, process.argv.at(-1))';
    expect((await runNode(counted, ...many)).output.toString().trim()).toBe('5000 argument 4999');
  });

  it('that are too long fail the run, and not the sandbox', async () => {
    const report = await run(['true', 'x'.repeat(128 * 1024)]);
    expect(report).toMatchObject({ end: 'failed' });
    expect(report.output.toString()).toMatch(/too long/i);
  });
});

describe.skipIf(!isEngineThere)('the end of a command', () => {
  afterEach(() => expectNothingLeft(parts.docker));

  it.each([0, 1, 2, 42, 255])('keeps the exit code %i', async (code) => {
    expect(await run(['sh', '-c', `exit ${code}`])).toMatchObject({
      end: code === 0 ? 'passed' : 'failed',
      exitCode: code,
    });
  });

  it.each([
    ['TERM', 143],
    ['KILL', 137],
    ['INT', 130],
    ['SEGV', 139],
  ])('by its own SIG%s is a failure at once, and no time limit', async (signal, exitCode) => {
    const report = await run(['sh', '-c', `kill -${signal} $$`]);
    expect(report).toMatchObject({ end: 'failed', exitCode });
    expect(report.notice).toBeUndefined();
  });

  it('is told for a program that is not there, and for one that cannot be executed', async () => {
    const missing = await run(['no-such-program']);
    expect(missing.end).toBe('failed');
    // Engines before Docker 23 say 126 for both.
    expect([126, 127]).toContain(missing.exitCode);
    expect(missing.output.toString()).toMatch(/no-such-program.*not found/);
    const files = { 'plain.txt': 'no program' };
    expect(await run(['./plain.txt'], { files })).toMatchObject({ end: 'failed', exitCode: 126 });
  });

  it('comes for a command that waits for input, for there is none', async () => {
    expect(await run(['cat'])).toMatchObject({ end: 'passed' });
    expect((await runNode(`process.stdin.on('end', () => console.log('ended')).resume()`)).output.toString()).toBe(
      'ended\n',
    );
  });
});

describe.skipIf(!isEngineThere)('files', () => {
  afterEach(() => expectNothingLeft(parts.docker));

  it('arrive with their names, however odd', async () => {
    const names = [
      'a b',
      'quote\'"',
      '漢😀.txt',
      '-rf',
      'line\nbreak',
      '\u202egpj.exe',
      `${'d/'.repeat(60)}deep`,
      'x'.repeat(240),
    ];
    const sources = await packTree(names.map((name) => ({ name, body: 'here' })));
    const script = `console.log(JSON.stringify(JSON.parse(process.argv[1]).filter((name) => require('fs').readFileSync(name, 'utf8') === 'here')))`;
    const report = await run(['node', '-e', script, '--', JSON.stringify(names)], { sources });
    expect(JSON.parse(report.output.toString())).toEqual(names);
  });

  it('arrive with their bytes: none, binary ones, thirty megabytes of them', async () => {
    const bodies = { empty: Buffer.alloc(0), binary: randomBytes(10_000), large: randomBytes(30 << 20) };
    const sources = await packTree(Object.entries(bodies).map(([name, body]) => ({ name, body })));
    const report = await run(['sha256sum', ...Object.keys(bodies)], { sources });
    const expected = Object.entries(bodies).map(([name, body]) => `${hashOf(body)}  ${name}\n`);
    expect(report.output.toString()).toBe(expected.join(''));
  });

  it('keep their executable bit and their links, and nothing else of their modes', async () => {
    const sources = await packTree([
      { name: 'tool', mode: 0o4755, body: '#!/bin/sh\necho ran' },
      { name: 'data', mode: 0o666, body: 'x' },
      { name: 'link', type: 'symlink', linkname: 'data' },
    ]);
    const report = await run(['sh', '-c', './tool; stat -c "%a %n" tool data; readlink link; cat link'], { sources });
    expect(report.output.toString()).toBe('ran\n755 tool\n644 data\ndata\nx');
  });

  it('can be written beside the sources and in /tmp, and nowhere else', async () => {
    const script = `for place in . /tmp / /etc /usr /dev; do touch $place/probe 2>/dev/null && echo $place; done; cat /etc/shadow`;
    const report = await run(['sh', '-c', script]);
    expect(report.output.toString()).toMatch(/^\.\n\/tmp\ncat: .*(Permission denied|No such file)/);
    expect(report).toMatchObject({ end: 'failed', exitCode: 1 });
  });

  it('of one run are not seen by the next, nor by one at the same time', async () => {
    const write = (text: string) => run(['sh', '-c', `ls /tmp; echo ${text} > /tmp/${text}; sleep 1; ls /tmp`]);
    const [one, other] = await Promise.all([write('one'), write('other')]);
    expect([one, other].map(({ output }) => output.toString())).toEqual(['one\n', 'other\n']);
    expect((await run(['ls', '/tmp'])).output.toString()).toBe('');
  });
});
