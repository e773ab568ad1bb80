import { analyse } from '../../src/domain/analysis/analyst.ts';
import { readPrompt } from '../../src/adapters/claude/prompts.ts';
import { renderPrompt } from '../../src/domain/diagnosis/prompt.ts';
import type { Bundle } from '../../src/domain/evidence/bundle.ts';
import { nezha } from './nezha.ts';
import { rootcausebench } from './rootcausebench.ts';
import { tryCase, type DirectSet, type Outcome } from './run-set.ts';

/** About so many characters are a token; what a provider counts is a little more or less. */
const charactersPerToken = 4;
const largestShare = 0.25;
/** Sets whose incidents carry enough raw evidence for a share to mean something. */
const measured = [rootcausebench, nezha];

/** How much of the raw evidence a model is sent in its first step: repeated lines as templates with counts, series as their changes. */
export const context: DirectSet = {
  name: 'context',
  goals: { promptShare: largestShare },
  isPresent: (root) => measured.some((set) => set.isPresent(root)),
  async run(root) {
    const words = await readPrompt('diagnose');
    const outcomes: Outcome[] = [];
    for (const set of measured.filter((one) => one.isPresent(root))) {
      for (const name of set.listCases(root)) {
        const label = `${set.name} ${name}`;
        outcomes.push(
          await tryCase(context, label, async () => measureShare(label, await set.load(root, name), words)),
        );
      }
    }
    return outcomes;
  },
};

function measureShare(label: string, { input }: Bundle, words: Awaited<ReturnType<typeof readPrompt>>): Outcome {
  const rawBytes = input.evidence.reduce((sum, { body }) => sum + Buffer.byteLength(JSON.stringify(body ?? '')), 0);
  const prompt = renderPrompt(input, analyse(input), 'f'.repeat(16), words);
  const promptBytes = Buffer.byteLength(prompt.system) + Buffer.byteLength(prompt.user);
  const promptShare = promptBytes / rawBytes;
  return {
    case: label,
    result: promptShare <= largestShare ? 'right' : 'wrong',
    said: `${promptBytes} of ${rawBytes} bytes`,
    expected: `at most ${largestShare * 100} %`,
    metrics: {
      rawBytes,
      promptBytes,
      promptShare,
      rawTokensEstimated: rawBytes / charactersPerToken,
      promptTokensEstimated: promptBytes / charactersPerToken,
    },
  };
}
