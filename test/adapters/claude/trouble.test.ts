import { describe, expect, it } from 'vitest';
import { fakeMessage, type FakeReply } from '../../../demo/fake-model.ts';
import type { EngineContext } from '../../../src/domain/diagnosis/engine.ts';
import { key, requireDiagnosis, useBench } from './bench.ts';
import { call, input } from './case.ts';

const { startEngine, bench } = useBench();

describe('When Anthropic does not answer', () => {
  const failing = (status: number, headers: Record<string, string> = {}): FakeReply => ({
    status,
    headers,
    body: { type: 'error', error: { type: 'some_error', message: `no, says ${key}` } },
  });

  it.each([
    [429, 'RateLimited', { 'retry-after': '7' }, 7_000],
    [529, 'Overloaded', { 'retry-after-ms': '1500' }, 1_500],
    [500, 'Unavailable', {}, undefined],
    [408, 'Timeout', {}, undefined],
  ])('%d is thrown as %s for Temporal to try again', async (status, kind, headers, retryAfterMs) => {
    const engine = await startEngine(() => failing(status, headers));
    const error = await engine.step(input, { call }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ trouble: { system: 'Anthropic', kind, retryable: true } });
    expect((error as { trouble: { retryAfterMs?: number } }).trouble.retryAfterMs).toBe(retryAfterMs);
    expect((error as Error).message).not.toContain(key);
    expect(bench().fake.calls()).toMatchObject([{ requests: 1, answered: 0 }]);
  });

  it.each([400, 401, 403, 404, 413])('%d lets the analyst answer, because asking again cannot help', async (status) => {
    const engine = await startEngine(() => failing(status));
    const got = requireDiagnosis(await engine.step(input, { call }));
    expect(got.engine).toBe('analyst');
    expect(got.missing.at(-1)).toContain('could not be asked');
    expect(JSON.stringify(got)).not.toContain(key);
  });

  it('the analyst answers even to trouble that may pass once an answer is due', async () => {
    const engine = await startEngine(() => failing(529));
    expect(requireDiagnosis(await engine.step(input, { call, mustAnswer: true })).engine).toBe('analyst');
  });

  it('a refusal lets the analyst answer', async () => {
    const engine = await startEngine(() => ({ body: fakeMessage('fake-1', 'e'.repeat(64), [], 'refusal') }));
    expect(requireDiagnosis(await engine.step(input, { call })).missing.at(-1)).toContain('refused');
  });

  it('words that are no message are kept as paid, and the analyst answers', async () => {
    const engine = await startEngine(() => ({ body: { hello: 'world' } }));
    expect(requireDiagnosis(await engine.step(input, { call })).engine).toBe('analyst');
  });

  it('a connection refused is Unreachable and may pass', async () => {
    const engine = await startEngine();
    await bench().fake.stop();
    await expect(engine.step(input, { call })).rejects.toMatchObject({
      trouble: { kind: 'Unreachable', retryable: true },
    });
  });

  it('an abort stops the call and is not answered by anybody', async () => {
    const engine = await startEngine(undefined, 60_000);
    const controller = new AbortController();
    const context: EngineContext = { call, signal: controller.signal };
    const step = engine.step(input, context);
    step.catch(() => undefined);
    await expect.poll(() => bench().fake.calls().length).toBe(1);
    controller.abort();
    await expect(step).rejects.toMatchObject({ trouble: { kind: 'Cancelled' } });
    expect(bench().fake.calls()).toMatchObject([{ requests: 1, answered: 0 }]);
  });
});
