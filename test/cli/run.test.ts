import { mkdtempSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { run } from '../../src/cli/run.ts';
import { identityOf } from '../../src/setup/process-identity.ts';

let out = '';
let err = '';
let folder = '';

beforeEach(() => {
  [out, err] = ['', ''];
  folder = mkdtempSync(path.join(tmpdir(), 'resident-cli-'));
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => Boolean((out += String(text))) || true);
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => Boolean((err += String(text))) || true);
  vi.stubEnv('TEMPORAL_ADDRESS', '');
  // The user's own Temporal profile must not answer for the test.
  vi.stubEnv('TEMPORAL_CONFIG_FILE', path.join(folder, 'absent.toml'));
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

function writeConfig(text: string): string {
  const file = path.join(folder, 'resident.yaml');
  writeFileSync(file, text);
  return file;
}

describe('exit codes and streams', () => {
  test('help and version are answers: exit code 0', async () => {
    expect(await run(['--version'])).toBe(0);
    expect(out).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(await run(['--help'])).toBe(0);
  });

  test.each([[['frob']], [['open', 'orders']], [['list', '--limit', '0']], [['reject', 'orders']]])(
    'wrong usage %j ends with 2',
    async (argv) => {
      expect(await run(argv)).toBe(2);
      expect(out).toBe('');
    },
  );

  test('check says that a file is right, and notes what is probably not meant', async () => {
    expect(await run(['check', '--config', writeConfig('version: 1\nservices: { a: {} }')])).toBe(0);
    expect(out).toContain('is right: 1 services');
    expect(out).toMatch(/resident\.yaml:2:13 services\.a\.source is absent/);
  });

  test('check names every fault and ends with 2; with --json on the standard output', async () => {
    const file = writeConfig('version: 1\nservices: { a: { mode: x, ownr: y } }');
    expect(await run(['check', '--config', file])).toBe(2);
    expect(err).toMatch(/services\.a\.mode[\s\S]*services\.a\.ownr/);
    expect(await run(['check', '--json', '--config', file])).toBe(2);
    const printed = JSON.parse(out) as { faults: { path: string; line: number }[] };
    expect(printed.faults.map((fault) => [fault.path, fault.line])).toEqual([
      ['services.a.mode', 2],
      ['services.a.ownr', 2],
    ]);
  });

  test('without a Temporal a command says what to do, and ends with 2', async () => {
    expect(await run(['list', '--config', writeConfig('version: 1\nservices: { a: {} }')])).toBe(2);
    expect(err).toContain('resident up --config');
  });

  test('a Temporal that does not answer is named, and ends with 1', async () => {
    const file = writeConfig('version: 1\ntemporal: { address: 127.0.0.1:1 }\nservices: { a: {} }');
    expect(await run(['list', '--config', file])).toBe(1);
    expect(err).toContain('Temporal at 127.0.0.1:1 does not answer');
  });

  test('an `up` that was killed is named as what is missing, not the deadline of a call', async () => {
    const file = writeConfig('version: 1\nservices: { a: {} }');
    mkdirSync(path.join(folder, '.resident'));
    const gone = { pid: process.pid, began: 'another time' };
    const temporal = { address: '127.0.0.1:1', namespace: 'default' };
    const runFile = path.join(folder, '.resident', 'run.json');
    const record = { startedAt: '2026-01-01T00:00:00Z', supervisor: gone, processes: { temporal: gone }, temporal };
    writeFileSync(runFile, JSON.stringify(record));
    expect(await run(['list', '--config', file])).toBe(1);
    expect(err).toContain(`\`resident up\` is not running: its recorded process ${process.pid}`);
    expect(err).toContain(`resident up --config ${file}`);
    expect(err).not.toContain('DEADLINE_EXCEEDED');
    writeFileSync(runFile, JSON.stringify({ ...record, supervisor: identityOf(process.pid) }));
    err = '';
    expect(await run(['list', '--config', file])).toBe(1);
    expect(err).toContain('Temporal at 127.0.0.1:1 does not answer');
  });

  test('up refuses to start where another one is alive', async () => {
    const file = writeConfig('version: 1\nservices: { a: {} }');
    mkdirSync(path.join(folder, '.resident'));
    const supervisor = identityOf(process.ppid);
    writeFileSync(
      path.join(folder, '.resident', 'run.json'),
      JSON.stringify({ startedAt: '2026-01-01T00:00:00Z', supervisor, processes: {} }),
    );
    expect(await run(['up', '--config', file])).toBe(1);
    expect(err).toContain(`Resident runs here already: process ${process.ppid}`);
  });
});
