import { Context } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, it } from 'vitest';
import { createActivityInterceptors } from '../../src/workers/heartbeat.ts';

/** Runs an activity until it has beaten `count` times; the beats come by themselves every few milliseconds. */
async function beat(count: number, lastDetails: unknown, activity: () => void): Promise<unknown[]> {
  const environment = new MockActivityEnvironment(
    { heartbeatTimeoutMs: 15, heartbeatDetails: lastDetails },
    { interceptors: [createActivityInterceptors] },
  );
  const beats: unknown[] = [];
  await environment.run(async () => {
    const enough = new Promise<void>((resolve) =>
      environment.on('heartbeat', (details: unknown) => {
        beats.push(details);
        if (beats.length >= count) resolve();
      }),
    );
    activity();
    await enough;
  });
  return beats;
}

describe('the beats that every activity sends by itself', () => {
  it('carry what the activity said last, which a later attempt goes on from', async () => {
    const beats = await beat(3, undefined, () => Context.current().heartbeat({ finished: 2 }));
    expect(beats).toEqual([{ finished: 2 }, { finished: 2 }, { finished: 2 }]);
  });

  it('carry what the attempt before left, until the activity says something', async () => {
    expect(await beat(2, { finished: 5 }, () => undefined)).toEqual([{ finished: 5 }, { finished: 5 }]);
  });
});
