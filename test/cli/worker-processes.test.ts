import { afterEach, expect, test, vi } from 'vitest';
import { planWorkers } from '../../src/cli/worker-processes.ts';

afterEach(() => vi.unstubAllEnvs());

test('one process holds the way to Docker and no other secret, the other all other roles and no way to it', () => {
  vi.stubEnv('SHOP_TOKEN', 'secret');
  vi.stubEnv('ANTHROPIC_API_KEY', 'secret');
  vi.stubEnv('DOCKER_CERT_PATH', '/certificates');
  vi.stubEnv('TEMPORAL_API_KEY', 'of-temporal');
  const [worker, sandbox, ...rest] = planWorkers({ temporalAddress: 't:1', dockerHost: 'unix:///d.sock' });
  expect(rest).toEqual([]);
  expect(worker).toMatchObject({ name: 'worker', roles: ['resident', 'observe', 'reason', 'remediate'] });
  expect(worker?.environment).toMatchObject({
    SHOP_TOKEN: 'secret',
    ANTHROPIC_API_KEY: 'secret',
    TEMPORAL_ADDRESS: 't:1',
  });
  expect(Object.keys(worker?.environment ?? {}).filter((name) => name.startsWith('DOCKER_'))).toEqual([]);
  expect(sandbox).toMatchObject({ name: 'sandbox-worker', roles: ['sandbox'] });
  expect(sandbox?.environment).toMatchObject({
    DOCKER_HOST: 'unix:///d.sock',
    DOCKER_CERT_PATH: '/certificates',
    TEMPORAL_ADDRESS: 't:1',
    TEMPORAL_API_KEY: 'of-temporal',
    PATH: process.env['PATH'],
  });
  expect(Object.values(sandbox?.environment ?? {})).not.toContain('secret');
});

test('without a sandbox one process does everything, and says in its place why nothing is reproduced', () => {
  const [worker, ...rest] = planWorkers({ temporalAddress: 't:1', dockerHost: 'none' });
  expect(rest).toEqual([]);
  expect(worker?.roles).toContain('sandbox');
  expect(worker?.environment['DOCKER_HOST']).toBe('none');
});

test('where no engine is named the sandbox worker looks for one itself', () => {
  vi.stubEnv('DOCKER_HOST', undefined);
  const [, sandbox] = planWorkers({ temporalAddress: 't:1' });
  expect(sandbox?.environment['DOCKER_HOST']).toBeUndefined();
});
