import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { IncidentJson } from '../../src/client/incident-json.ts';
import { findTemporal } from '../find-program.ts';

// The same code must answer rightly when the fault is elsewhere, or nowhere in the shop. Each test is a whole demo: real
// services, a real alert, a real Temporal server, and a sandbox where there is a Docker engine.

const root = path.resolve(import.meta.dirname, '../..');
const temporal = await findTemporal();
const hasDocker = Boolean(process.env['DOCKER_HOST']);
if (!temporal) console.warn('SKIPPED: the demo variants. No Temporal program was found; `npm test` installs one.');
if (!hasDocker) console.warn('PARTLY SKIPPED: DOCKER_HOST is not set, so the variants are not reproduced.');

interface Answer {
  readonly code: number;
  readonly output: string;
  readonly result: IncidentJson;
}

// Whole stories against real clocks on a shared machine: one repeat, which the reporter names, before one is called broken.
describe.skipIf(!temporal)('the demo', { retry: 1 }, () => {
  let scratch = '';
  beforeAll(async () => {
    scratch = await mkdtemp(path.join(tmpdir(), 'resident-demo-'));
  });
  afterAll(async () => rm(scratch, { recursive: true, force: true }));

  async function runDemo(args: readonly string[]): Promise<Answer> {
    const json = path.join(scratch, `${args.join('')}.json`);
    const child = spawn(process.execPath, ['bin/resident.js', 'demo', '--yes', '--json', json, ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const code = await new Promise<number>((resolve) => child.once('exit', (status) => resolve(status ?? -1)));
    const text = await readFile(json, 'utf8').catch(() => '');
    if (text === '') throw new Error(`The demo left no JSON (exit code ${code}):\n${output.slice(-4_000)}`);
    return { code, output, result: JSON.parse(text) as IncidentJson };
  }

  /** The demo prints what its story's own answer was, and whether the diagnosis names it. */
  const namesIt = 'the diagnosis names it';

  it.each([
    ['session', 'user-service'],
    ['payment', 'payment-service'],
    ['order', 'order-service'],
    ['inventory', 'inventory-service'],
  ])('variant %s: blames the commit in %s, reproduces it, rolls it back and recovers', async (variant, service) => {
    const { code, output, result } = await runDemo(['--variant', variant]);
    expect(output).toContain(namesIt);
    expect(result.diagnosis?.service).toBe(service);
    expect(result.diagnosis?.change).toMatch(/^[0-9a-f]{40}$/);
    if (hasDocker) expect(result.reproduction?.verdict).toBe('reproduced');
    expect(result.outcome).toBe('recovered');
    expect(result.repeated).toEqual({ modelCalls: 0, actions: 0 });
    expect(code).toBe(0);
  });

  it('variant outage: says that no change is to blame, changes nothing and hands over', async () => {
    const { output, result } = await runDemo(['--variant', 'outage']);
    expect(output).toContain(namesIt);
    expect(result.diagnosis).toMatchObject({ change: 'none', category: 'outside-dependency' });
    expect(result.plan).toBeNull();
    expect(result.outcome).toBe('handed-over');
  });

  it('without a Docker engine and without monitoring it runs to its end and says what it could not do', async () => {
    const { code, output, result } = await runDemo(['--without', 'docker,monitoring']);
    expect(output).toContain('No Docker engine');
    expect(output).toContain('No Prometheus and Alertmanager');
    expect(result.reproduction?.verdict).toBe('cannot-run');
    expect(result.outcome).toBe('recovered');
    expect(code).toBe(0);
  });

  it('--crash: four kills, and nothing is done or paid twice', async () => {
    const { code, result } = await runDemo(['--crash']);
    const kills = result.kills.map((kill) => `${kill.role} ${kill.phase}`).sort();
    const wanted = [
      'temporal investigate',
      'worker investigate',
      'worker remediate',
      ...(hasDocker ? ['sandbox-worker reproduce'] : []),
    ];
    expect(kills).toEqual(wanted.sort());
    expect(result.repeated).toEqual({ modelCalls: 0, actions: 0 });
    expect(result.outcome).toBe('recovered');
    expect(code).toBe(0);
  });
});
