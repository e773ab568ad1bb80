import type { Container } from 'dockerode';
import { describe, expect, it } from 'vitest';
import { runExec } from '../../src/adapters/docker/exec.ts';

function refuse(statusCode: number, message: string): Container {
  return { exec: () => Promise.reject(Object.assign(new Error(message), { statusCode })) } as unknown as Container;
}

const order = {
  command: ['true'],
  user: '65533:65533',
  folder: '/work',
  outputBytes: 1_000,
  timeoutMs: 1_000,
  signal: new AbortController().signal,
};

describe('a command whose container is gone', () => {
  it.each([
    [409, 'container abc is not running'],
    [404, 'No such container: abc'],
    [500, '(HTTP code 500) container not running - Container abc is not running: Exited (137) Less than a second ago'],
  ])('is cut off, which is no fault of the engine (HTTP %i)', async (status, message) => {
    expect(await runExec(refuse(status, message), order)).toMatchObject({ end: { kind: 'cut-off' }, totalBytes: 0 });
  });

  it('rejects with the faults of the engine itself', async () => {
    await expect(runExec(refuse(500, 'no space left on device'), order)).rejects.toThrow('no space left');
  });
});
