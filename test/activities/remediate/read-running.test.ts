import { afterAll, describe, expect, test } from 'vitest';
import { createReadRunning } from '../../../src/activities/remediate/read-running.ts';
import type { CommandRunner } from '../../../src/adapters/commands/runner.ts';
import { badRevision, makePorts, makeWorld, removeWorlds } from '../../server/actions-harness.ts';

afterAll(removeWorlds);

describe('what a service runs', () => {
  const ask = async (read: CommandRunner['read'], service = 'user-service') => {
    const commands = { read } as CommandRunner;
    return createReadRunning(await makePorts(makeWorld(), { commands }))({ service });
  };

  test('is what its `current` command prints', async () => {
    expect(await ask(async () => ({ exitCode: 0, lastLine: badRevision }))).toEqual({ revision: badRevision });
  });

  test('is unknown, with the reason, when the command fails, prints something else, or is not configured', async () => {
    expect(await ask(async () => ({ exitCode: 3, lastLine: '' }))).toEqual({
      reason: expect.stringContaining('ended with 3') as unknown,
    });
    expect(await ask(async () => ({ exitCode: 0, lastLine: '--help me' }))).toEqual({
      reason: expect.stringContaining('should print the revision of user-service') as unknown,
    });
    expect(await ask(() => Promise.reject(new Error('no such program')))).toEqual({ reason: 'no such program' });
    expect(await ask(async () => ({ exitCode: 0, lastLine: badRevision }), 'stranger')).toEqual({
      reason: 'no `current` is configured',
    });
  });
});
