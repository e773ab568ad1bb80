import { PassThrough } from 'node:stream';
import type { Container } from 'dockerode';
import { describe, expect, it } from 'vitest';
import { runExec, type ExecOrder } from '../../src/adapters/docker/exec.ts';

type State = { readonly Running: boolean; readonly ExitCode: number | null };

/** A command whose output stays open, as a child of it may keep it; asked for its state, it answers in turn, the last for ever. */
function makeContainer(states: readonly State[]) {
  let asked = 0;
  const inspect = async () => states[Math.min(asked++, states.length - 1)];
  const start = async () => new PassThrough();
  return { container: { exec: async () => ({ inspect, start }) } as unknown as Container, asked: () => asked };
}

const order: ExecOrder = {
  ...{ command: ['true'], user: '1', folder: '/', outputBytes: 100 },
  // Shorter than the pace at which the engine is asked: the limit itself is the first to ask.
  ...{ timeoutMs: 50, signal: new AbortController().signal },
};

describe('a command at its time limit', () => {
  it('has timed out when it runs', async () => {
    const { container } = makeContainer([{ Running: true, ExitCode: null }]);
    expect((await runExec(container, order)).end).toEqual({ kind: 'timed-out' });
  });

  it('has not when it ended a moment before, though nobody has seen it yet', async () => {
    const { container, asked } = makeContainer([{ Running: false, ExitCode: 143 }]);
    expect((await runExec(container, order)).end).toEqual({ kind: 'exited', exitCode: 143 });
    expect(asked()).toBe(1);
  });
});

it('a command whose container is gone is cut off: why is for the caller to find out', async () => {
  const gone = Object.assign(new Error('container is not running'), { statusCode: 409 });
  const container = { exec: () => Promise.reject(gone) } as unknown as Container;
  expect((await runExec(container, order)).end).toEqual({ kind: 'cut-off' });
  const broken = { exec: () => Promise.reject(Object.assign(new Error('no'), { statusCode: 500 })) };
  await expect(runExec(broken as unknown as Container, order)).rejects.toThrow('no');
});
