import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { IncidentJson } from '../src/client/incident-json.ts';
import { packageFolder } from '../src/cli/program.ts';
import { childEnvironment } from '../src/config.ts';
import type { Figure } from './figures.ts';

/** Limit of one demo with its set-up; the first on a machine may have images to build. */
const demoLimitMs = 20 * 60_000;

/** Runs the demo as a user does, and gives back its figures. @throws with the end of its output when it fails. */
export async function runDemo(): Promise<IncidentJson> {
  const folder = await mkdtemp(path.join(tmpdir(), 'resident-bench-demo-'));
  const file = path.join(folder, 'demo.json');
  try {
    const child = spawn(process.execPath, ['bin/resident.js', 'demo', '--yes', '--json', file], {
      cwd: packageFolder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: childEnvironment(),
      timeout: demoLimitMs,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output = (output + chunk.toString('utf8')).slice(-4_000)));
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    if (code !== 0) throw new Error(`The demo failed (exit code ${code}). The end of what it said:\n${output}`);
    return await readDemo(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The JSON that an earlier `npm run demo -- --json FILE` wrote. */
export async function readDemo(file: string): Promise<IncidentJson> {
  return JSON.parse(await readFile(file, 'utf8')) as IncidentJson;
}

export function toHistoryFigures({ history }: IncidentJson): Figure[] {
  const figure = (name: string, value: number, target: Figure['target']): Figure => ({
    name,
    measured: String(value),
    bare: '',
    value,
    spread: '',
    target,
  });
  return [
    figure('history events of the demo, its own', history.events, { atMost: 120 }),
    figure('history events with its children', history.events + history.childEvents, { atMost: 300 }),
    figure('Temporal actions of the demo', history.actions, undefined),
  ];
}
