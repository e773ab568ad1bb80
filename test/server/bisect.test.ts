import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPackSources } from '../../src/activities/observe/pack-sources.ts';
import { createRunReproduction } from '../../src/activities/sandbox/run-reproduction.ts';
import { rememberRuns } from '../../src/adapters/remember-runs.ts';
import { createRunCache } from '../../src/adapters/run-cache.ts';
import type { Reproduction } from '../../src/domain/reproduction/reproduction.ts';
import type { SandboxSettings } from '../../src/domain/settings.ts';
import { openCase, settingsOf } from '../activities/observe/observe-case.ts';
import { createRepository, type FakeRepository } from '../fakes/repository.ts';
import { expectNothingLeft, isEngineThere, makeSandbox } from './sandbox-harness.ts';

const parts = isEngineThere ? makeSandbox() : undefined!;
const at = (minute: number) => `2026-11-21T09:${String(minute).padStart(2, '0')}:00Z`;

let world: Awaited<ReturnType<typeof openCase>>;
let repository: FakeRepository;
beforeEach(async () => {
  world = await openCase();
  repository = createRepository(path.join(world.folder, 'shop'));
});
afterEach(() => world.close());

/** The activities as the workers make them, over real Git and a real engine. */
function open(source: string, more: Partial<SandboxSettings> = {}) {
  const sandbox = { image: 'node', setup: [], memoryMb: 256, cpus: 1, timeoutMs: 20_000, ...more };
  const services = { app: settingsOf('app', { source, sandbox: { test: ['node', 'test.js'], ...sandbox } }) };
  const packSources = createPackSources({ ...world, services });
  const counted = { runs: 0 };
  const counting = {
    ...parts.sandbox,
    run: (order: Parameters<typeof parts.sandbox.run>[0]) => {
      counted.runs += 1;
      return parts.sandbox.run(order);
    },
  };
  const cache = createRunCache({ folder: path.join(world.folder, 'runs') });
  const runReproduction = createRunReproduction({
    sandbox: rememberRuns(counting, { cache, store: world.store, logger: console }),
    store: world.store,
    context: () => ({
      signal: new AbortController().signal,
      heartbeat: () => undefined,
      remainingMs: () => Number.POSITIVE_INFINITY,
    }),
  });
  return {
    counted,
    async reproduce(suspect: string, before: string): Promise<Reproduction> {
      const ids = { incidentId: 'incident/app', runId: `run-${process.pid}`, service: 'app', suspectService: 'app' };
      const rest = { neighbours: [], evidence: [], timeoutMs: 20_000 };
      const packed = await packSources({ ...ids, ...rest, suspect, before });
      if ('cannotRun' in packed) throw new Error(packed.cannotRun);
      return runReproduction(packed);
    },
  };
}

const test = `
  const { hours } = JSON.parse(require('node:fs').readFileSync('settings.json'));
  const { limit } = require('./app.js');
  require('node:assert').ok(hours * 60 >= limit, 'a session ends before it is used');`;

describe.skipIf(!isEngineThere)('a bisection in the real sandbox', { timeout: 240_000 }, () => {
  it('finds a commit that changes only configuration, past a rename and revisions that do not build', async () => {
    const commit = (n: number, subject: string, files: Record<string, string>) => {
      const folder = n < 5 ? 'svc' : 'services/app';
      return repository.commit(
        at(n),
        subject,
        Object.fromEntries(Object.entries(files).map(([name, text]) => [`${folder}/${name}`, text])),
      );
    };
    const app = (note: string) => `// ${note}\nexports.limit = 120;\n// the same\n// in each\n// revision\n`;
    const base = commit(1, 'base', { 'app.js': app('one'), 'settings.json': '{"hours": 24}', 'test.js': test });
    commit(2, 'does not build', { 'app.js': 'exports.limit = = 120;\n// the same\n// in each\n// revision\n' });
    commit(3, 'builds again', { 'app.js': app('three') });
    repository.commit(at(4), 'another service', { 'other/readme.md': 'x' });
    mkdirSync(path.join(repository.folder, 'services'));
    repository.git(['mv', 'svc', 'services/app']);
    repository.commit(at(5), 'moved', {});
    const culprit = commit(6, 'shorten sessions', { 'settings.json': '{"hours": 1}' });
    commit(7, 'docs', { 'README.md': 'x' });
    commit(8, 'does not build either', { 'app.js': 'exports.limit = = 120;\n' });
    const head = commit(9, 'last', { 'app.js': app('nine') });

    const source = path.join(repository.folder, 'services/app');
    const { reproduce } = open(source, { setup: [['node', '--check', 'app.js']] });
    const result = await reproduce(head, base);
    expect(result).toMatchObject({ verdict: 'reproduced', firstBad: culprit, firstBadKind: 'configuration' });
    expect(result.runs.some(({ command }) => command.includes('--check'))).toBe(true);
    await expectNothingLeft(parts.docker);
  });

  it('finds a merge of two branches that each pass alone, and runs nothing twice for the next incident', async () => {
    const base = repository.commit(at(1), 'base', {
      'app.js': 'exports.limit = 60;',
      'settings.json': '{"hours": 24}',
      'test.js': test,
    });
    repository.git(['checkout', '--quiet', '-b', 'short']);
    repository.commit(at(2), 'shorter sessions', { 'settings.json': '{"hours": 2}' });
    repository.git(['checkout', '--quiet', 'main']);
    repository.commit(at(3), 'longer use', { 'app.js': 'exports.limit = 240;' });
    repository.git(['merge', '--quiet', '--no-ff', '-m', 'merge', 'short'], at(4));
    const merge = repository.git(['rev-parse', 'HEAD']);
    const head = repository.commit(at(5), 'docs', { 'README.md': 'x' });

    const { reproduce, counted } = open(repository.folder);
    const first = await reproduce(head, base);
    expect(first).toMatchObject({ verdict: 'reproduced', firstBad: merge, firstBadKind: 'merge' });
    const ran = counted.runs;
    const repeats = first.runs.filter(({ repeat = 0 }) => repeat > 0).length;
    const second = await reproduce(head, base);
    expect(second).toMatchObject({ verdict: 'reproduced', firstBad: merge });
    // Beside the repeats one run more: what is kept of the suspect never decides alone.
    expect(counted.runs - ran).toBe(second.runs.filter(({ repeat = 0 }) => repeat > 0).length + 1);
    expect(repeats).toBeGreaterThan(0);
  });

  it('answers a wrong premise in words: both ends fail, and both ends pass', async () => {
    const commit = (n: number, hours: number) =>
      repository.commit(at(n), `c${n}`, {
        'app.js': `exports.limit = 60; // ${n}`,
        'settings.json': `{"hours": ${hours}}`,
        'test.js': test,
      });
    const broken = [1, 2, 3].map((n) => commit(n, 0));
    const { reproduce } = open(repository.folder);
    expect(await reproduce(broken[2]!, broken[0]!)).toMatchObject({
      verdict: 'not-reproduced',
      reason: expect.stringContaining('it tells nothing about the changes of this window') as string,
    });
    const well = [4, 5, 6].map((n) => commit(n, 24));
    expect(await reproduce(well[2]!, well[0]!)).toMatchObject({
      verdict: 'not-reproduced',
      reason: expect.stringContaining('passes on the suspect') as string,
    });
  });
});
