import { createAnswerJournal } from '../../../src/adapters/answer-journal.ts';
import { createClaudeEngine } from '../../../src/adapters/claude/engine.ts';
import { readPrompt } from '../../../src/adapters/claude/prompts.ts';
import { analyst, call, input } from './case.ts';

/** One step in a process of its own, for tests that kill it. In mode `die` the step hangs once the answer is kept. */
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
process.stdout.write(JSON.stringify(await engine.step(input, { call })));
