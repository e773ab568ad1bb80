import { describe, expect, test } from 'vitest';
import { createBatches, type BatchLimits } from '../../src/client/batches.ts';

/** A sender whose calls end when the test says so. */
function createSender(limits: Partial<BatchLimits> = {}) {
  const calls: { key: string; items: readonly string[]; end: (error?: Error) => void }[] = [];
  const reach = createBatches<string, string>(
    (key, items) =>
      new Promise((resolve, reject) => {
        const answer = `${key}: ${items.join(' ')}`;
        calls.push({ key, items: [...items], end: (error) => (error ? reject(error) : resolve(answer)) });
      }),
    { maxItems: 3, maxLength: 1_000, withinMs: 1_000, ...limits },
  );
  return { calls, reach };
}

describe('batches of one key', () => {
  test('what comes while a call is under way goes together in the next, and is answered by that one', async () => {
    const { calls, reach } = createSender();
    const first = reach('a', ['1']);
    await expect.poll(() => calls.length).toBe(1);
    const others = [reach('a', ['2']), reach('a', ['3'])];
    calls[0]?.end();
    expect(await first).toBe('a: 1');
    await expect.poll(() => calls.length).toBe(2);
    calls[1]?.end();
    expect(await Promise.all(others)).toEqual(['a: 2 3', 'a: 2 3']);
  });

  test('no call begins before the one ahead of it has ended', async () => {
    const { calls, reach } = createSender();
    const answers = ['1', '2', '3', '4', '5'].map((item) => reach('a', [item]));
    for (let index = 0; index < 2; index += 1) {
      await expect.poll(() => calls.length).toBe(index + 1);
      calls[index]?.end();
    }
    await Promise.all(answers);
    expect(calls.map((call) => call.items)).toEqual([
      ['1', '2', '3'],
      ['4', '5'],
    ]);
  });

  test('a failed call fails those that it carried, and nobody else', async () => {
    const { calls, reach } = createSender();
    const first = reach('a', ['1']).catch((error: unknown) => String(error));
    await expect.poll(() => calls.length).toBe(1);
    const second = reach('a', ['2']);
    calls[0]?.end(new Error('14 UNAVAILABLE'));
    expect(await first).toContain('UNAVAILABLE');
    await expect.poll(() => calls.length).toBe(2);
    calls[1]?.end();
    expect(await second).toBe('a: 2');
  });

  test('keys do not wait for each other', async () => {
    const { calls, reach } = createSender();
    void reach('a', ['1']);
    void reach('b', ['2']);
    await expect.poll(() => calls.map((call) => call.key)).toEqual(['a', 'b']);
  });

  test('large items go in calls of their own', async () => {
    const { calls, reach } = createSender({ maxLength: 20 });
    const answers = [reach('a', ['x'.repeat(15)]), reach('a', ['y'.repeat(15)])];
    await expect.poll(() => calls.length).toBe(1);
    calls[0]?.end();
    await expect.poll(() => calls.length).toBe(2);
    calls[1]?.end();
    await Promise.all(answers);
    expect(calls.map((call) => call.items.length)).toEqual([1, 1]);
  });
});
