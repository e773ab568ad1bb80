import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fakeMessage, startFakeModel, type FakeModel } from '../../../demo/fake-model.ts';
import { report } from './case.ts';

let folder: string;
let fake: FakeModel;
let child: ChildProcess | undefined;

/** Two turns of questions, a report that is sent back, and the report. */
const turns = [
  [
    { name: 'query_logs', input: { service: 'order-service', contains: null, level: null, from: null, to: null } },
    { name: 'query_changes', input: { service: 'user-service', change: null, path: null } },
  ],
  [{ name: 'search_source', input: { service: 'user-service', text: 'session', revision: null } }],
  [{ name: 'report_diagnosis', input: { ...report, service: 'billing' } }],
  [{ name: 'report_diagnosis', input: report }],
];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'kill-steps-'));
  fake = await startFakeModel({
    ledgerFile: path.join(folder, 'ledger.jsonl'),
    answer: (request) => {
      const { messages } = request as { messages: { role: string }[] };
      const turn = messages.filter(({ role }) => role === 'assistant').length;
      const content = (turns[turn] ?? []).map((use, i) => ({ type: 'tool_use', id: `toolu_${turn}_${i}`, ...use }));
      return { body: fakeMessage('fake-1', 'f'.repeat(64), content, 'tool_use') };
    },
  });
});
afterAll(async () => {
  child?.kill('SIGKILL');
  await fake.stop();
  await rm(folder, { recursive: true, force: true });
});

function converse(mode: 'die' | 'finish'): Promise<{ code: number | null; output: string }> {
  const script = path.join(import.meta.dirname, 'conversation-process.ts');
  const running = spawn(process.execPath, ['--import', 'tsx', script, fake.url, path.join(folder, 'answers'), mode], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child = running;
  let output = '';
  running.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve) => running.once('close', (code) => resolve({ code, output })));
}

const countKept = async (): Promise<number> =>
  (await readdir(path.join(folder, 'answers')).catch(() => [])).filter((name) => name.endsWith('.json')).length;

describe('a worker that is killed with SIGKILL after each answer of a conversation', () => {
  it('pays for each answer once, by the count of the model, and comes to the same end', async () => {
    for (let answered = 1; answered <= turns.length; answered += 1) {
      const killed = converse('die');
      await expect.poll(countKept, { timeout: 30_000 }).toBe(answered);
      child?.kill('SIGKILL');
      expect(await killed).toEqual({ code: null, output: '' });
    }
    const { output } = await converse('finish');
    expect(JSON.parse(output)).toEqual({ step: turns.length, engine: 'claude/fake-1' });
    expect(fake.calls().map(({ requests, answered }) => [requests, answered])).toEqual(turns.map(() => [1, 1]));
  }, 180_000);
});
