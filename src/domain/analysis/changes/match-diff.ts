import type { CallFailure } from '../calls.ts';
import type { Candidate } from './candidates.ts';
import type { Hunk } from './diffs.ts';
import { isNamed } from './contract-diffs.ts';
import { codeOnly } from './diffs.ts';
import type { DiffView } from './diff-view.ts';
import { mechanisms } from './mechanisms.ts';
import { contract } from './mechanisms/boundaries.ts';
import { weighRarity } from './mechanisms/mechanism.ts';
import { isRenaming } from './renames.ts';
import { matchFrames } from './match-frames.ts';
import type { Symptoms } from '../symptoms.ts';
import type { ToldSign } from './told-statements.ts';
import { countRarity, splitWords } from '../words.ts';

export { contract } from './mechanisms/boundaries.ts';

/** How well a diff explains the symptoms, 0 to 1, and in which words. */
export interface DiffMatch {
  readonly total: number;
  readonly frame: number;
  readonly mechanism: number;
  readonly lexical: number;
  /** The mechanism that fits best, where one does. */
  readonly mechanismName?: string;
  /** 0 to 1: how well it explains failures of a neighbour, while its own service looks healthy. */
  readonly atNeighbours: number;
  /** The errors name the very thing that it took away, added or replaced. */
  readonly isNamed?: true;
  /** 0 to 1: how surely another system's own records lead to it, so that its service need not fail itself. */
  readonly toldElsewhere: number;
  readonly because: readonly string[];
  /** Evidence ids of the symptoms that it matches. */
  readonly evidence: readonly string[];
}

export const noMatch: DiffMatch = {
  total: 0,
  frame: 0,
  mechanism: 0,
  lexical: 0,
  atNeighbours: 0,
  toldElsewhere: 0,
  because: [],
  evidence: [],
};

/** The words of a diff: changed lines, hunk headers and file names; words of the subject are an author's and do not count. */
export function diffWords(hunks: readonly Hunk[]): ReadonlySet<string> {
  const text = hunks.flatMap((hunk) => [
    ...codeOnly(hunk.removed),
    ...codeOnly(hunk.added),
    hunk.header,
    hunk.path.split('/').slice(-2).join('/'),
  ]);
  return new Set(splitWords(text.join('\n')));
}

/**
 * Prepares the match of many candidates, whose words' rarity is counted over all of them.
 * Independent signs add up by noisy-or (Pearl, "Probabilistic Reasoning in Intelligent Systems", 1988), words count by rarity (Spärck
 * Jones 1972); the strengths are our own. O(words of all diffs) once, then O(d · s) a change for d lines of its diff and s symptoms.
 */
export function createMatcher(
  candidates: readonly { candidate: Candidate; hunks: readonly Hunk[] }[],
  symptoms: Symptoms,
  modeOf: (service: string) => CallFailure['mode'] | undefined,
  answersNewly: (candidate: Candidate) => number,
  signsElsewhere: (candidate: Candidate, hunks: readonly Hunk[]) => readonly ToldSign[],
) {
  const documents = candidates.map((item) => diffWords(item.hunks));
  const rarity = countRarity(documents);
  const commonest = Math.log(1 + Math.max(1, documents.length));
  return (candidate: Candidate, hunks: readonly Hunk[], view: DiffView): DiffMatch => {
    if (hunks.length === 0) return noMatch;
    const lexical = isRenaming(hunks) ? nothing : matchWords(hunks, symptoms, (word) => rarity(word) / commonest);
    const frame = matchFrames(hunks, symptoms.frames);
    const mode = modeOf(candidate.service);
    const made = matchMechanism(view, symptoms, mode, lexical.strength, answersNewly(candidate));
    const told = signsElsewhere(candidate, hunks).map(readSign).reduce(stronger, nothing);
    const mechanism = [made, matchFlag(candidate, symptoms), told].reduce(stronger);
    const total = 1 - (1 - frame.strength) * (1 - mechanism.strength) * (1 - lexical.strength);
    return {
      total,
      frame: frame.strength,
      mechanism: mechanism.strength,
      lexical: lexical.strength,
      ...(mechanism.name === undefined ? {} : { mechanismName: mechanism.name }),
      atNeighbours: mechanism.atNeighbours ?? 0,
      ...(mechanism.isNamed ? { isNamed: mechanism.isNamed } : {}),
      toldElsewhere: told.strength,
      because: [frame.because, mechanism.because, lexical.because].filter((text) => text !== ''),
      evidence: [...new Set([...frame.evidence, ...mechanism.evidence])],
    };
  };
}

interface Part {
  readonly name?: string;
  readonly atNeighbours?: number;
  readonly isNamed?: true;
  readonly strength: number;
  readonly because: string;
  readonly evidence: readonly string[];
}

const nothing: Part = { strength: 0, because: '', evidence: [] };

/** Shared words weighted by rarity (TF-IDF without the TF); only the best few count, and long diffs share words by chance. */
function matchWords(hunks: readonly Hunk[], symptoms: Symptoms, rarity: (word: string) => number): Part {
  const words = diffWords(hunks);
  const text = JSON.stringify(hunks);
  const shared = [...words]
    .flatMap((word) => {
      const weight = symptoms.words.get(word);
      return weight === undefined ? [] : [{ word, worth: weight * rarity(word) }];
    })
    .sort((a, b) => b.worth - a.worth || (a.word < b.word ? -1 : 1))
    .slice(0, 6);
  const sum = shared.reduce((total, item) => total + item.worth, 0) / Math.sqrt(1 + words.size / 120);
  if (sum < 0.15) return nothing;
  return {
    strength: 0.75 * (1 - Math.exp(-sum / 1.6)),
    because: `its changed lines share the words ${shared
      .slice(0, 4)
      .map((item) => `\`${unstem(item.word, text)}\``)
      .join(', ')} with the symptoms`,
    evidence: [],
  };
}

/** The word as the diff writes it. */
function unstem(word: string, text: string): string {
  const stem = word.endsWith('y') ? word.slice(0, -1) : word;
  return new RegExp(`${stem}[a-z]*`, 'i').exec(text)?.[0] ?? word;
}

/** A flag whose whole name the failures tell guards what fails; a name of one word may be any word. */
function matchFlag({ flag }: Candidate, { texts }: Symptoms): Part {
  if (flag === undefined || !/[a-z0-9][-_][a-z0-9]/i.test(flag.flag)) return nothing;
  const told = texts.find((item) => isNamed(flag.flag, item.text));
  if (!told) return nothing;
  const strength = 0.6 * Math.min(1, 0.35 + told.weight);
  return { strength, because: `the failures name \`${flag.flag}\``, evidence: [told.evidenceId] };
}

/** What another system tells needs no failing line of whoever loads it. */
function readSign({ name, what, strength, evidenceId }: ToldSign): Part {
  return { name, strength, because: what, evidence: [evidenceId] };
}

function stronger(a: Part, b: Part): Part {
  return b.strength > a.strength ? b : a;
}

function matchMechanism(
  view: DiffView,
  symptoms: Symptoms,
  mode: CallFailure['mode'] | undefined,
  lexical: number,
  answersNewly: number,
): Part {
  let best = nothing;
  for (const mechanism of mechanisms) {
    const texts = symptoms.texts.filter((item) => mechanism.symptom.test(item.text));
    const heaviest = texts.reduce<(typeof texts)[number] | undefined>(
      (top, item) => (top && top.weight >= item.weight ? top : item),
      undefined,
    );
    if (!heaviest) continue;
    const explained = mechanism.explain(view, texts.map((item) => item.text).join('\n'));
    if (!explained) continue;
    const fits =
      mode === undefined || mode === 'unclear' || mechanism.modes.includes(mode) || explained.isNamed ? 1 : 0.3;
    const rarity = weighRarity(mechanism.everyday);
    // What many commits show asks for shared words besides; what few show, less so; what the errors name, not at all.
    const floor = rarity === 1 ? 0.75 : 0.6;
    const kinship = explained.isNamed ? 1 : floor + (1 - floor) * Math.min(1, lexical / 0.35);
    const usual = explained.strength * rarity * Math.min(1, 0.35 + heaviest.weight) * fits * kinship;
    const strength = mechanism.name === contract ? Math.max(usual, 0.75 * answersNewly) : usual;
    if (strength > best.strength)
      best = {
        name: mechanism.name,
        atNeighbours: mechanism.showsAtNeighbours ? (explained.isNamed ? 1 : explained.strength * rarity) : 0,
        ...(explained.isNamed ? { isNamed: explained.isNamed } : {}),
        strength,
        because: `${explained.what}, which is how failures like these arise (${mechanism.name})`,
        evidence: [heaviest.evidenceId],
      };
  }
  return best;
}
