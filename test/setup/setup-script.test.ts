import { spawn, spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { isAlive } from '../../src/setup/process-identity.ts';

const root = path.resolve(import.meta.dirname, '../..');
let clone: string;

/** Does what npm ci does: empties node_modules, takes a while, and notes that it ran. */
const fakeNpm = `
const fs = require('fs');
fs.appendFileSync('runs', process.pid + '\\n');
fs.rmSync('node_modules', { recursive: true, force: true });
fs.mkdirSync('node_modules');
const end = () => { fs.writeFileSync('node_modules/whole', ''); process.exit(Number(fs.existsSync('break'))); };
const timer = setInterval(() => { if (!fs.existsSync('hold')) { clearInterval(timer); end(); } }, 20);
`;

beforeEach(async () => {
  clone = await mkdtemp(path.join(tmpdir(), 'resident-clone-'));
  await mkdir(path.join(clone, 'bin'));
  await cp(path.join(root, 'bin/setup.js'), path.join(clone, 'bin/setup.js'));
  await writeFile(path.join(clone, 'package.json'), '{"type":"module"}');
  await writeFile(path.join(clone, 'package-lock.json'), '{"packages":{"node_modules/a":{"version":"1.0.0"}}}');
  await mkdir(path.join(clone, 'npm'));
  await writeFile(path.join(clone, 'npm', 'package.json'), '{"type":"commonjs"}');
  await writeFile(path.join(clone, 'npm', 'npm-cli.js'), fakeNpm);
});

afterEach(() => rm(clone, { recursive: true, force: true }));

it('installs once, and the second time says in one line that all is there', async () => {
  expect((await setUp().ended).output).toMatch(/✓ dependencies installed from package-lock\.json … \d+\.\d s/);
  expect(await setUp().ended).toEqual({ code: 0, output: '✓ dependencies are there\n' });
  expect(await runs()).toHaveLength(1);
  expect(await readdir(path.join(clone, '.resident'))).toEqual([]);
});

it('installs again when the lockfile is another', async () => {
  await setUp().ended;
  await writeFile(path.join(clone, 'package-lock.json'), '{"packages":{"node_modules/a":{"version":"2.0.0"}}}');
  await setUp().ended;
  expect(await runs()).toHaveLength(2);
});

it('accepts an install that npm finished by hand', async () => {
  await mkdir(path.join(clone, 'node_modules/a'), { recursive: true });
  await writeFile(path.join(clone, 'node_modules/a/package.json'), '{}');
  await cp(path.join(clone, 'package-lock.json'), path.join(clone, 'node_modules/.package-lock.json'));
  expect((await setUp().ended).output).toBe('✓ dependencies are there\n');
  expect(existsSync(path.join(clone, 'runs'))).toBe(false);
});

it('says what npm said when that fails, and leaves no stamp', async () => {
  await writeFile(path.join(clone, 'break'), '');
  const { code, output } = await setUp().ended;
  expect([code, output]).toEqual([1, expect.stringContaining('npm ci failed (exit code 1)')]);
  expect(existsSync(path.join(clone, 'node_modules/.resident-lock'))).toBe(false);
});

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('survives %s half way: npm ends, no lock stays, and the next run finishes', async (signal, code) => {
  await writeFile(path.join(clone, 'hold'), '');
  const first = setUp();
  await expect.poll(runs).toHaveLength(1);
  const npm = Number((await runs())[0]);
  first.child.kill(signal);
  expect((await first.ended).code).toBe(code);
  expect(isAlive(npm)).toBe(false);
  expect(await readdir(path.join(clone, '.resident'))).toEqual([]);
  await rm(path.join(clone, 'hold'));
  expect((await setUp().ended).output).toContain('✓ dependencies installed');
});

it('waits for another set-up, and finds its work done', async () => {
  await writeFile(path.join(clone, 'hold'), '');
  const first = setUp();
  await expect.poll(runs).toHaveLength(1);
  const second = setUp();
  await expect.poll(second.output).toContain(`waiting for the set-up that runs already (process ${first.child.pid})`);
  await rm(path.join(clone, 'hold'));
  expect((await first.ended).output).toContain('✓ dependencies installed');
  expect((await second.ended).output).toContain('✓ dependencies are there');
  expect(await runs()).toHaveLength(1);
});

it('takes over from a set-up that was killed, and ends the npm that it left', async () => {
  await writeFile(path.join(clone, 'hold'), '');
  const first = setUp();
  await expect.poll(runs).toHaveLength(1);
  await expect.poll(() => readFile(path.join(clone, '.resident/setup.lock'), 'utf8')).toContain('"npm"');
  first.child.kill('SIGKILL');
  await first.ended;
  const npm = Number((await runs())[0]);
  expect(isAlive(npm)).toBe(true);
  const second = setUp();
  await expect.poll(runs).toHaveLength(2);
  expect(isAlive(npm)).toBe(false);
  await rm(path.join(clone, 'hold'));
  expect((await second.ended).output).toContain('✓ dependencies installed');
});

it('says what to do when Git is missing', () => {
  const told = spawnSync(process.execPath, ['bin/setup.js'], { cwd: clone, env: { PATH: clone }, encoding: 'utf8' });
  expect([told.status, told.stderr]).toEqual([1, expect.stringContaining('Git was not found on the PATH: install it')]);
});

it('is pointed to by the CLI when packages are missing', async () => {
  await cp(path.join(root, 'bin/resident.js'), path.join(clone, 'bin/resident.js'));
  const told = spawnSync(process.execPath, ['bin/resident.js'], { cwd: clone, encoding: 'utf8' });
  expect([told.status, told.stderr]).toEqual([2, expect.stringContaining('Run `npm ci`')]);
});

function setUp() {
  const child = spawn(process.execPath, ['bin/setup.js'], {
    cwd: clone,
    env: { ...process.env, npm_execpath: path.join(clone, 'npm', 'npm-cli.js') },
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise<{ code: number | null; output: string }>((resolve) => {
    // The pipes may be held open by a child that was left behind, so its own end is what counts.
    child.once('exit', (code) => resolve({ code, output }));
  });
  return { child, ended, output: () => output };
}

async function runs(): Promise<readonly string[]> {
  const text = await readFile(path.join(clone, 'runs'), 'utf8').catch(() => '');
  return text.split('\n').filter(Boolean);
}
