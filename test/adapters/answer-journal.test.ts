import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startFakeModel, type FakeModel } from '../../demo/fake-model.ts';
import { createAnswerJournal } from '../../src/adapters/answer-journal.ts';

let folder: string;
let fake: FakeModel | undefined;
let child: ChildProcess | undefined;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'journal-'));
});
afterEach(async () => {
  child?.kill('SIGKILL');
  await fake?.stop();
  await rm(folder, { recursive: true, force: true });
});

const key = 'a'.repeat(64);

describe('createAnswerJournal', () => {
  it('gives back what it took, to another process too, and nothing for another key', async () => {
    await createAnswerJournal({ folder }).write(key, { paid: true });
    expect(await createAnswerJournal({ folder }).read(key)).toEqual({ paid: true });
    expect(await createAnswerJournal({ folder }).read('b'.repeat(64))).toBeUndefined();
    expect(await readdir(folder)).toEqual([`${key}.json`]);
  });

  it('says what to do about an answer that cannot be read, instead of paying again unasked', async () => {
    await writeFile(path.join(folder, `${key}.json`), '{"pa');
    await expect(createAnswerJournal({ folder }).read(key)).rejects.toMatchObject({
      trouble: { kind: 'Unreadable', retryable: false },
    });
  });

  it('takes no key that is a path', async () => {
    await expect(createAnswerJournal({ folder }).read('../../etc/passwd')).rejects.toThrow('64 hex digits');
  });
});

/** Runs one step of the engine as a worker would; with `die`, it never gets from the journal to its result. */
function runStep(url: string, mode: 'die' | 'finish'): Promise<{ code: number | null; output: string }> {
  const script = path.join(import.meta.dirname, 'claude', 'step-process.ts');
  child = spawn(process.execPath, ['--import', 'tsx', script, url, path.join(folder, 'answers'), mode], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve) => child?.once('close', (code) => resolve({ code, output })));
}

describe('A worker killed with SIGKILL', () => {
  it('after the answer was kept and before it was recorded pays for no second call', async () => {
    const ledgerFile = path.join(folder, 'ledger.jsonl');
    fake = await startFakeModel({ ledgerFile });
    const killed = runStep(fake.url, 'die');
    await expect
      .poll(() => readdir(path.join(folder, 'answers')).catch(() => []), { timeout: 20_000 })
      .toEqual([expect.stringMatching(/^[0-9a-f]{64}\.json$/u)]);
    child?.kill('SIGKILL');
    expect(await killed).toEqual({ code: null, output: '' });

    const retried = await runStep(fake.url, 'finish');
    expect(JSON.parse(retried.output)).toMatchObject({ kind: 'questions', usage: { modelCalls: 1 } });
    const ledger = (await readFile(ledgerFile, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { event: string }).event);
    expect(ledger).toEqual(['request', 'answered']);
  });
});
