import { createAnswerJournal } from '../../../src/adapters/answer-journal.ts';
import { createClaudeEngine } from '../../../src/adapters/claude/engine.ts';
import { readPrompt } from '../../../src/adapters/claude/prompts.ts';
import type { Engine } from '../../../src/domain/diagnosis/engine.ts';
import { analyst } from './case.ts';

/**
 * The engine of a process that a test kills. Arguments of the process: address of the model, folder of kept answers, mode; in mode
 * `die` it hangs as soon as an answer is kept.
 */
export async function createDyingEngine(): Promise<Engine> {
  const [, , baseUrl = '', folder = '', mode] = process.argv;
  const journal = createAnswerJournal({ folder });
  return createClaudeEngine({
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
}
