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
      const lines = await answer({ git, redact }, source, id, call);
      return { id: call.id, text: fitLines(lines.map((line) => cleanText(redact(line), longestLine))) };
    } catch (error) {
      if (isWorthRetrying(error)) throw error;
      const why = error instanceof Error ? error.message : String(error);
      return { id: call.id, text: cleanText(`Not answered: ${redact(why)}`, longestLine) };
    }
  };
}

async function answer(
  { git, redact }: Pick<AskSourcePorts, 'git' | 'redact'>,
  source: string,
  id: string,
  call: SourceCall,
): Promise<readonly string[]> {
  // Files are redacted whole: the middle of a key says nowhere that it is one.
  const files = new Map<string, Promise<readonly string[] | undefined>>();
  const read = (path: string) => {
    const known = files.get(path);
    if (known) return known;
    const lines = git
      .readFile(source, id, path)
      .then((text) => (text === undefined ? undefined : redact(text).replace(/\n$/, '').split('\n')));
    files.set(path, lines);
    return lines;
  };
  switch (call.name) {
    case 'search_source': {
      const found = await git.search(source, id, call.text);
      const shown: string[] = [];
      for (const { path, line } of found.slice(0, mostFound)) {
        shown.push(`${path}:${line}: ${(await read(path))?.[line - 1] ?? ''}`);
      }
      return found.length > mostFound ? [`The first ${mostFound} of ${found.length} lines:`, ...shown] : shown;
    }
    case 'read_file': {
      const lines = await read(call.path);
      if (lines === undefined) return [`There is no text file ${call.path} at ${id.slice(0, 12)}.`];
      const from = call.fromLine ?? 1;
      return lines.slice(from - 1, call.toLine).map((line, i) => `${from + i}: ${line}`);
    }
    case 'blame': {
      const to = Math.min(call.toLine, call.fromLine + mostBlamed - 1);
      const lines = await git.blame(source, id, call.path, call.fromLine, to);
      if (lines === undefined) return [`There is no text file ${call.path} at ${id.slice(0, 12)}.`];
      const texts = await read(call.path);
      return lines.map(
        ({ line, commit, author, at, subject }) =>
          `${line}: ${commit.slice(0, 12)} ${at} ${author} (${subject.slice(0, 80)}): ${texts?.[line - 1] ?? ''}`,
      );
    }
  }
}
