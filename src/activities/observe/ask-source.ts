import type { Git } from '../../adapters/git/git.ts';
import { cleanText } from '../../domain/diagnosis/prompt-text.ts';
import { fitLines, type SourceCall } from '../../domain/diagnosis/questions.ts';
import type { Redact } from '../../domain/redaction.ts';
import type { ServiceSettings } from '../../domain/settings.ts';
import type { ObserveActivities } from '../contract.ts';
import { isWorthRetrying } from './load-evidence.ts';

export interface AskSourcePorts {
  readonly services: Readonly<Record<string, Pick<ServiceSettings, 'source'>>>;
  readonly git: Pick<Git, 'resolve' | 'readFile' | 'search' | 'blame'>;
  readonly redact: Redact;
}

const longestLine = 400;
const mostFound = 200;
const mostBlamed = 200;

/**
 * Makes the activity that answers an engine's questions about source, from the repository alone: no file of this machine is opened by
 * a name that a model wrote. Text is redacted like all evidence. A question that cannot be answered gets the reason as its answer.
 */
export function createAskSource({ services, git, redact }: AskSourcePorts): ObserveActivities['askSource'] {
  return async ({ call }) => {
    const source = services[call.service]?.source;
    if (source === undefined) return { id: call.id, text: `No source of ${call.service} is configured.` };
    try {
      const id = await git.resolve(source, call.revision ?? 'HEAD');
      const lines = await answer(git, source, id, call);
      return { id: call.id, text: fitLines(lines.map((line) => cleanText(redact(line), longestLine))) };
    } catch (error) {
      if (isWorthRetrying(error)) throw error;
      const why = error instanceof Error ? error.message : String(error);
      return { id: call.id, text: cleanText(`Not answered: ${redact(why)}`, longestLine) };
    }
  };
}

async function answer(
  git: AskSourcePorts['git'],
  source: string,
  id: string,
  call: SourceCall,
): Promise<readonly string[]> {
  switch (call.name) {
    case 'search_source': {
      const found = await git.search(source, id, call.text);
      const shown = found.slice(0, mostFound).map(({ path, line, text }) => `${path}:${line}: ${text}`);
      return found.length > mostFound ? [`The first ${mostFound} of ${found.length} lines:`, ...shown] : shown;
    }
    case 'read_file': {
      const text = await git.readFile(source, id, call.path);
      if (text === undefined) return [`There is no text file ${call.path} at ${id.slice(0, 12)}.`];
      const from = call.fromLine ?? 1;
      return text
        .replace(/\n$/, '')
        .split('\n')
        .slice(from - 1, call.toLine)
        .map((line, i) => `${from + i}: ${line}`);
    }
    case 'blame': {
      const to = Math.min(call.toLine, call.fromLine + mostBlamed - 1);
      const lines = await git.blame(source, id, call.path, call.fromLine, to);
      if (lines === undefined) return [`There is no text file ${call.path} at ${id.slice(0, 12)}.`];
      return lines.map(
        ({ line, text, commit, author, at, subject }) =>
          `${line}: ${commit.slice(0, 12)} ${at} ${author} (${subject.slice(0, 80)}): ${text}`,
      );
    }
  }
}
