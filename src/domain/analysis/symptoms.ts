import type { Alert } from '../incident/alert.ts';
import { readFailureText } from './calls.ts';
import type { Facts } from './facts.ts';
import { failurePatterns, failureShifts } from './facts.ts';
import type { Suspicion } from './suspicion.ts';
import { splitByFrameOrder, withoutFrames } from './traces.ts';
import { compactName, shortName, splitWords } from './words.ts';

/** A line of a stack that names source. */
export interface Frame {
  readonly file: string;
  readonly line?: number;
  readonly symbol: string;
  readonly evidenceId: string;
}

/** Words, frames and full text of what went wrong, by service. */
export interface Symptoms {
  /** Stemmed word to weight, 0 to 1. */
  readonly words: ReadonlyMap<string, number>;
  /** Text to hold against the mechanisms, with its weight and citation. */
  readonly texts: readonly {
    readonly text: string;
    readonly weight: number;
    readonly evidenceId: string;
    readonly service: string;
  }[];
  readonly frames: readonly Frame[];
}

const frameFile =
  /(?:File ")?((?:[\w@.-]+[\\/])*[\w@.-]+\.(?:js|mjs|cjs|jsx|ts|tsx|go|py|java|kt|kts|scala|rb|rs|cs|fs|php|ex|exs|erl|c|cc|cpp|h|hpp|swift|clj|dart|lua|pl))(?:", line |:|\()(\d+)/g;
const foreignFrame =
  /node_modules|node:internal|site-packages|dist-packages|\/usr\/lib|\/lib\/(?:python|ruby)[\d./]|\/go\/src\/runtime\/|<frozen|vendor\/|\.cargo|\/gems\/|\bjava\.base\b/;

/**
 * Gathers symptoms; a service counts by its suspicion, so that a victim's words weigh little.
 * Our own rule; frames are read as V8, CPython, the JVM, Go and Rust print them. O(n) for n characters of failing lines, names of
 * series and states.
 */
export function readSymptoms(facts: Facts, suspicions: readonly Suspicion[], alerts: readonly Alert[]): Symptoms {
  const words = new Map<string, number>();
  const texts: Symptoms['texts'][number][] = [];
  const frames: Frame[] = [];
  const names = new Set(
    facts.services.flatMap((service) => [
      ...splitWords(service),
      ...splitWords(shortName(service)),
      compactName(service),
    ]),
  );
  const addWords = (text: string, weight: number) => {
    for (const word of new Set(splitWords(text))) {
      if (!names.has(word)) words.set(word, Math.max(words.get(word) ?? 0, weight));
    }
  };
  for (const { service, share } of suspicions) {
    const trust = 0.3 + 0.7 * share;
    for (const pattern of failurePatterns(facts, service)) {
      const text = pattern.examples.map((line) => readFailureText(line)).join('\n') || pattern.template;
      const weight = trust * pattern.weight;
      texts.push({ text, weight, evidenceId: pattern.evidenceId, service });
      // Paths of a stack are held against file names as frames; as words they would count twice.
      addWords(
        pattern.examples.map((line) => withoutFrames(readFailureText(line, false))).join('\n') || pattern.template,
        weight,
      );
      for (const example of pattern.examples) addWords(fieldText(example.fields), 0.8 * weight);
      frames.push(...readFrames(pattern.examples.map((line) => readFailureText(line)).join('\n'), pattern.evidenceId));
    }
    for (const shift of [
      ...failureShifts(facts, service),
      ...facts.shifts.filter(
        (item) => item.service === service && (item.meaning === 'other' || item.meaning === 'traffic'),
      ),
    ]) {
      const text = `${shift.name} ${shift.direction === 'up' ? 'rose' : 'fell'}`;
      texts.push({ text, weight: trust * shift.weight * 0.7, evidenceId: shift.evidenceId, service });
      addWords(shift.name, trust * shift.weight * 0.7);
    }
    for (const state of readStates(facts, service, trust)) {
      texts.push(state);
      addWords(state.text, 0.7 * state.weight);
    }
  }
  // Summaries and annotations are filled with values of labels, which anybody may write; the name is the team's own.
  for (const alert of alerts) addWords(alert.name, 0.4);
  return { words, texts, frames: uniqueFrames(frames) };
}

/** What the platform saw, in the names that the tables give it: its own messages quote what anybody may have written. */
function readStates(facts: Facts, service: string, trust: number): Symptoms['texts'] {
  return facts.surroundings.conditions
    .filter((condition) => condition.service === service && condition.signs.some(({ from }) => from === 'event'))
    .flatMap(({ kind, strength, signs }) =>
      signs.slice(0, 1).map(({ evidenceId }) => ({
        text: kind.id.replaceAll('-', ' '),
        weight: trust * strength,
        evidenceId,
        service,
      })),
    );
}

/** Names under which programs write what they did, in as many words as it takes. */
const operationKey = /statement|sql|query|command|operation|message|msg|route|path|url/i;

/** Sentences under any other name are somebody's own words (a comment, a search, a user agent), and no symptom. */
function isProse(key: string, value: string): boolean {
  return value.length >= 300 || (!operationKey.test(key) && value.trim().split(/\s+/).length > 4);
}

function fieldText(fields: Readonly<Record<string, string | number | boolean>>): string {
  return Object.entries(fields)
    .filter(
      ([key, value]) =>
        !/trace|span|stack|request.?id|req.?id|pid|host(name)?$|time|version|caller|logger|thread/i.test(key) &&
        !isProse(key, String(value)),
    )
    .map(([key, value]) => `${key} ${String(value)}`)
    .join(' ');
}

/** Frames of the service's own sources, innermost first; frames of libraries and runtimes are left out. */
export function readFrames(text: string, evidenceId: string): readonly Frame[] {
  const parts = splitByFrameOrder(text).map((part) => {
    const found = framesOf(part.text, evidenceId);
    return part.isInnermostLast ? found.toReversed() : found;
  });
  return parts.flat().slice(0, 30);
}

function framesOf(text: string, evidenceId: string): readonly Frame[] {
  const frames: Frame[] = [];
  for (const part of text.split(/\n| -> /)) {
    if (foreignFrame.test(part)) continue;
    for (const match of part.matchAll(frameFile)) {
      const symbol =
        /([A-Za-z_$][\w$]*)\s*(?:\(|$)/.exec(part.replace(match[0], ' ').replace(/^\s*at\s+(async\s+)?/, ''))?.[1] ??
        '';
      frames.push({
        file: (match[1] ?? '').replaceAll('\\', '/'),
        line: Number(match[2]),
        symbol: symbol.split('.').at(-1) ?? symbol,
        evidenceId,
      });
    }
  }
  return frames;
}

function uniqueFrames(frames: readonly Frame[]): readonly Frame[] {
  const seen = new Map<string, Frame>();
  for (const frame of frames)
    if (!seen.has(`${frame.file}:${frame.line ?? 0}`)) seen.set(`${frame.file}:${frame.line ?? 0}`, frame);
  return [...seen.values()];
}
