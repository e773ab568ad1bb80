import { appendFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCollectChanges } from '../../../src/activities/observe/collect-changes.ts';
import { createCollectDeploys } from '../../../src/activities/observe/collect-deploys.ts';
import { createCollectLogs } from '../../../src/activities/observe/collect-logs.ts';
import { createCollectMetrics } from '../../../src/activities/observe/collect-metrics.ts';
import type {
  ChangesBody,
  DeploysBody,
  Evidence,
  EvidenceBody,
  LogsBody,
  MetricsBody,
} from '../../../src/domain/evidence/evidence.ts';
import { createRepository } from '../../fakes/repository.ts';
import { at, fakePrometheus, inputFor, openCase, settingsOf } from './observe-case.ts';

let world: Awaited<ReturnType<typeof openCase>>;
beforeEach(async () => void (world = await openCase()));
afterEach(() => world.close());

const file = (name: string) => path.join(world.folder, name);
const bodyOf = async <T extends EvidenceBody>(evidence: Evidence) =>
  (await world.store.getBody(evidence.digest ?? '')) as T;
const log = (time: string, level: string, msg: string, service?: string) =>
  `${JSON.stringify({ time, level, msg, service })}\n`;

describe('collectLogs', () => {
  it('tells people how many lines and errors there were, and when the first came', async () => {
    await writeFile(
      file('order.log'),
      log(at(10), 'error', 'blip') + log(at(31), 'info', 'ok') + log(at(33), 'error', 'user-service answered 401'),
    );
    const services = { order: settingsOf('order', { logs: [{ files: file('order.log'), format: 'auto' }] }) };
    const evidence = await createCollectLogs({ ...world, services })(inputFor('order', 'logs'));
    expect(evidence).toMatchObject({
      id: 'order/logs/1',
      outcome: 'found',
      summary: '3 lines, 1 error; first error 09:33:00; 1 error in the baseline before',
    });
    expect((await bodyOf<LogsBody>(evidence)).lines.map((line) => line.message)).toEqual([
      'blip',
      'ok',
      'user-service answered 401',
    ]);
  });

  it('in a file that services share takes only the lines of its own', async () => {
    await writeFile(
      file('all.log'),
      log(at(31), 'error', 'ours', 'order') + log(at(32), 'error', 'theirs', 'user') + log(at(33), 'info', 'nameless'),
    );
    const logs = [{ files: file('all.log'), format: 'auto' as const }];
    const services = { order: settingsOf('order', { logs }), user: settingsOf('user', { logs }) };
    const evidence = await createCollectLogs({ ...world, services })(inputFor('order', 'logs'));
    expect((await bodyOf<LogsBody>(evidence)).lines.map((line) => line.message)).toEqual(['ours', 'nameless']);
  });

  it('in its own file keeps a line that names another service', async () => {
    await writeFile(file('order.log'), log(at(31), 'error', 'call failed', 'user'));
    const services = {
      order: settingsOf('order', { logs: [{ files: file('order.log'), format: 'auto' }] }),
      user: settingsOf('user', { logs: [{ files: file('user.log'), format: 'auto' }] }),
    };
    expect(await createCollectLogs({ ...world, services })(inputFor('order', 'logs'))).toMatchObject({
      outcome: 'found',
    });
  });

  it('says `failed` for files that are not there, `empty` for no lines and for nothing configured', async () => {
    await writeFile(file('user.log'), log('2026-11-20T09:00:00Z', 'info', 'old'));
    const services = {
      order: settingsOf('order', { logs: [{ files: file('gone*.log'), format: 'auto' }] }),
      user: settingsOf('user', { logs: [{ files: file('user.log'), format: 'auto' }] }),
      bare: settingsOf('bare'),
    };
    const collect = createCollectLogs({ ...world, services });
    const gone = await collect(inputFor('order', 'logs'));
    expect(gone.outcome).toBe('failed');
    expect(gone.reason).toMatch(/No file matches .*gone\*\.log.*resident\.yaml/);
    expect((await collect(inputFor('user', 'logs'))).outcome).toBe('empty');
    for (const name of ['bare', 'unheard']) {
      expect(await collect(inputFor(name, 'logs'))).toMatchObject({
        outcome: 'empty',
        reason: expect.stringContaining('Add `logs`') as string,
      });
    }
  });

  it('throws for nothing but the evidence store', async () => {
    await writeFile(file('order.log'), log(at(31), 'info', 'x'));
    const services = { order: settingsOf('order', { logs: [{ files: file('order.log'), format: 'auto' }] }) };
    const broken = {
      find: () => Promise.reject(new Error('x')),
      read: () => Promise.reject(new Error('disk on fire, password=hunter2')),
    };
    const evidence = await createCollectLogs({ ...world, services, logFiles: broken })(inputFor('order', 'logs'));
    expect(evidence).toMatchObject({ outcome: 'failed', reason: 'disk on fire, password=[[SECRET:password]]' });
    const store = { put: () => Promise.reject(new Error('store down')) };
    await expect(createCollectLogs({ ...world, services, store })(inputFor('order', 'logs'))).rejects.toThrow(
      'store down',
    );
  });
});

describe('collectChanges', () => {
  it('covers commits of the window and older commits that were deployed in it', async () => {
    const repository = createRepository(file('order'));
    const base = repository.commit('2026-11-01T09:00:00Z', 'base', { a: '1' });
    const old = repository.commit('2026-11-02T09:00:00Z', 'tighten session lifetime', {
      'sessions.js': 'const lifetime = 3600;\n',
    });
    const fresh = repository.commit(at(20), 'fresh', { b: 'password=hunter2 known-secret-value\n' });
    await writeFile(
      file('deploys.jsonl'),
      `${JSON.stringify({ id: 'd1', service: 'order', revision: old, previous: base, at: at(25) })}\n`,
    );
    const services = { order: settingsOf('order', { source: repository.folder, deploysFile: file('deploys.jsonl') }) };
    const evidence = await createCollectChanges({ ...world, services })(inputFor('order', 'changes'));
    const { changes } = await bodyOf<ChangesBody>(evidence);
    expect(changes.map((change) => change.id)).toEqual([old, fresh]);
    expect(changes[0]).toMatchObject({ subject: 'tighten session lifetime', parent: base, author: 'Ana' });
    expect(changes[0]?.files[0]?.diff).toContain('+const lifetime = 3600;');
    expect(evidence.query).toContain('(deploy d1)');
    expect(evidence.summary).toMatch(/^2 commits, 1 of them committed in the window; newest [0-9a-f]{10} "fresh"$/);
    expect(JSON.stringify(changes)).not.toMatch(/hunter2|known-secret-value/);
  });

  it('still reads the window when the deploy records are broken or name unknown revisions, and says so', async () => {
    const repository = createRepository(file('order'));
    const only = repository.commit(at(20), 'only', { a: '1' });
    const settings = settingsOf('order', { source: repository.folder, deploysFile: file('deploys.jsonl') });
    const collect = createCollectChanges({ ...world, services: { order: settings } });
    expect(await collect(inputFor('order', 'changes'))).toMatchObject({
      outcome: 'found',
      truncated: expect.stringContaining('deploys were not read') as string,
    });
    await appendFile(
      file('deploys.jsonl'),
      `${JSON.stringify({ id: 'd9', service: 'order', revision: 'feedface', previous: 'deadbeef', at: at(25) })}\n`,
    );
    const evidence = await collect(inputFor('order', 'changes'));
    expect(evidence.truncated).toContain('deploy d9 could not be listed');
    expect((await bodyOf<ChangesBody>(evidence)).changes.map(({ id }) => id)).toEqual([only]);
  });

  it('covers the configuration repository of a config.rollback, and says when that cannot be read', async () => {
    const repository = createRepository(file('order'));
    const own = repository.commit(at(20), 'own', { a: '1' });
    const configuration = createRepository(file('config'));
    const limit = configuration.commit(at(25), 'lower the timeout', { 'order.json': '{"timeoutMs":50}' });
    const collect = (configured: string) => {
      const actions = { 'config.rollback': { repository: configured, reload: ['true'] } };
      const services = { order: settingsOf('order', { source: repository.folder, actions }) };
      return createCollectChanges({ ...world, services })(inputFor('order', 'changes'));
    };
    const evidence = await collect(configuration.folder);
    expect((await bodyOf<ChangesBody>(evidence)).changes.map(({ id }) => id)).toEqual([own, limit]);
    expect(evidence.summary).toContain('1 commit of its configuration');
    const unread = await collect(file('nowhere'));
    expect(unread.truncated).toContain('its configuration was not read');
    expect((await bodyOf<ChangesBody>(unread)).changes.map(({ id }) => id)).toEqual([own]);
  });

  it('is empty for a quiet window, and failed for no repository', async () => {
    const repository = createRepository(file('order'));
    repository.commit('2026-11-01T09:00:00Z', 'base', { a: '1' });
    const services = {
      order: settingsOf('order', { source: repository.folder }),
      lost: settingsOf('lost', { source: file('lost') }),
    };
    const collect = createCollectChanges({ ...world, services });
    expect((await collect(inputFor('order', 'changes'))).outcome).toBe('empty');
    expect(await collect(inputFor('lost', 'changes'))).toMatchObject({
      outcome: 'failed',
      reason: expect.stringContaining('Check `source`') as string,
    });
  });
});

describe('collectDeploys', () => {
  it('tells what was deployed in the window, by full SHA where a tag was recorded', async () => {
    const repository = createRepository(file('order'));
    const id = repository.commit('2026-11-01T09:00:00Z', 'base', { a: '1' });
    repository.git(['tag', 'release-1']);
    const record = { id: 'd2', service: 'order', revision: 'release-1', at: at(5) };
    await writeFile(file('deploys.jsonl'), `${JSON.stringify(record)}\nnot json\n`);
    const services = { order: settingsOf('order', { source: repository.folder, deploysFile: file('deploys.jsonl') }) };
    const evidence = await createCollectDeploys({ ...world, services })(inputFor('order', 'deploys'));
    expect((await bodyOf<DeploysBody>(evidence)).deploys).toMatchObject([
      { id: 'd2', revision: 'release-1', commit: id },
    ]);
    expect(evidence).toMatchObject({
      outcome: 'found',
      truncated: expect.stringContaining('line 2: is not JSON') as string,
    });
  });

  it('tells what has run all along when nothing was deployed', async () => {
    await writeFile(
      file('deploys.jsonl'),
      `${JSON.stringify({ id: 'd1', service: 'order', revision: 'abcdef0123', at: '2026-11-20T00:00:00Z' })}\n`,
    );
    const services = { order: settingsOf('order', { deploysFile: file('deploys.jsonl') }) };
    expect(await createCollectDeploys({ ...world, services })(inputFor('order', 'deploys'))).toMatchObject({
      outcome: 'empty',
      summary: 'no deploy in the window; abcdef0123 has run since 2026-11-20T00:00:00.000Z',
    });
  });
});

describe('collectMetrics', () => {
  const settings = settingsOf('order', {
    metrics: [
      { name: 'error ratio', expr: 'errors / requests' },
      { name: 'latency', expr: 'latency' },
    ],
  });
  const points = [
    [at(10), 0],
    [at(35), 0.4],
  ] as const;

  it('reads configured metrics and what the alert measures, each expression once', async () => {
    const asked: string[] = [];
    const prometheus = fakePrometheus({
      findExpression: async () => 'errors/requests > 0.2',
      queryRange: async (expression) => {
        asked.push(expression);
        return [{ labels: { service: 'order' }, points, notNumbers: 0 }];
      },
    });
    const evidence = await createCollectMetrics({ ...world, services: { order: settings }, prometheus })(
      inputFor('order', 'metrics'),
    );
    expect(asked).toEqual(['errors / requests', 'latency']);
    expect(evidence.summary).toBe('2 series of 2 queries; error ratio went from 0 to 0.4 on average');
    expect((await bodyOf<MetricsBody>(evidence)).series[0]).toMatchObject({ name: 'error ratio', points });
  });

  it('gives what answered and names what did not', async () => {
    const prometheus = fakePrometheus({
      findExpression: async () => undefined,
      queryRange: async (expression) => {
        if (expression === 'latency') throw new Error('bad query');
        return [{ labels: {}, points, notNumbers: 0 }];
      },
    });
    const evidence = await createCollectMetrics({ ...world, services: { order: settings }, prometheus })(
      inputFor('order', 'metrics'),
    );
    expect(evidence).toMatchObject({ outcome: 'found', truncated: 'latency failed: bad query' });
  });

  it('is failed when Prometheus is down, and empty when there is none or it has no data', async () => {
    const services = { order: settings };
    expect(
      await createCollectMetrics({ ...world, services, prometheus: fakePrometheus({}) })(inputFor('order', 'metrics')),
    ).toMatchObject({
      outcome: 'failed',
      reason: expect.stringContaining('connection refused') as string,
    });
    expect(await createCollectMetrics({ ...world, services })(inputFor('order', 'metrics'))).toMatchObject({
      outcome: 'empty',
    });
    const silent = fakePrometheus({ findExpression: async () => undefined, queryRange: async () => [] });
    expect(
      await createCollectMetrics({ ...world, services, prometheus: silent })(inputFor('order', 'metrics')),
    ).toMatchObject({ outcome: 'empty' });
  });
});
