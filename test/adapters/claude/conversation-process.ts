import { createAnswerJournal } from '../../../src/adapters/answer-journal.ts';
import { createClaudeEngine } from '../../../src/adapters/claude/engine.ts';
import { readPrompt } from '../../../src/adapters/claude/prompts.ts';
import type { EngineContext } from '../../../src/domain/diagnosis/engine.ts';
import { analyst, call, input } from './case.ts';

/** A whole conversation in a process of its own, for tests that kill it: it hangs as soon as one more answer is kept. */
const [, , baseUrl = '', folder = '', mode] = process.argv;
const journal = createAnswerJournal({ folder });
const engine = createClaudeEngine({
  apiKey: 'test',
  baseUrl,
  model: 'fake-1',
  analyst,
  prompt: await readPrompt('diagnose'),
  redact: (text) => text,
  journal: {
    read: (key) => journal.read(key),
    async write(key, answer) {
      await journal.write(key, answer);
      if (mode === 'die') await new Promise(() => setInterval(() => undefined, 1_000));
    },
  },
});
let soFar: Pick<EngineContext, 'transcript' | 'answers'> = {};
for (let step = 1; ; step += 1) {
  const next = await engine.step(input, { call: { ...call, step }, ...soFar });
  if (next.kind === 'diagnosis') {
    process.stdout.write(JSON.stringify({ step, engine: next.diagnosis.engine }));
    break;
  }
  soFar = {
    transcript: next.transcript,
    answers: next.calls.map(({ id, name }) => ({ id, text: `${name} answered` })),
  };
}
