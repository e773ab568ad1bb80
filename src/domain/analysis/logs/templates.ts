import { maskLine } from './mask-line.ts';
import { mergeTemplates, type Mergeable } from './merge-templates.ts';
import { splitLine, variable } from './split-words.ts';

/** Lines that are one event told again. */
export interface TemplateGroup {
  /** Final once the miner has finished: groups that turned out to be the same have the same id. */
  readonly id: number;
  /** The template, `<*>` where it varies; final like the id. */
  readonly text: () => string;
}

export interface TemplateMiner {
  /** Group of a line; `scope` keeps lines apart that must never share a template (level, status, peer). */
  add(message: string, scope?: string): TemplateGroup;
  /** Merges groups that differ only in values. More lines may follow. */
  finish(): void;
}

export interface MinerOptions {
  /** HTTP statuses keep their numbers, since 401 and 503 are different stories. */
  readonly keepStatus?: boolean;
  /** Told of each group that turned out to be another one. */
  readonly onMerge?: (from: TemplateGroup, into: TemplateGroup) => void;
  /** Groups are merged when there are this many. */
  readonly mostGroups?: number;
}

const longestMessage = 1_000;
const mostKeys = 50_000;
const defaultMostGroups = 8_000;

interface Group extends TemplateGroup, Mergeable {
  into?: Group;
}

/**
 * Mines templates on-line, without settings for any system. A line is masked by the form of its words ({@link maskLine}) and looked up, as
 * nearly all lines are repeats; a new mask is split into words ({@link splitLine}) and becomes a group, or joins the one with the same words.
 * Groups that differ only in values are merged at the end, and whenever there are too many ({@link mergeTemplates}). The lines of a group
 * depend on the lines alone, not on the clock or chance. O(length) a line; memory is bounded by the limits above.
 */
export function createTemplateMiner(options: MinerOptions = {}): TemplateMiner {
  const { keepStatus = false, onMerge, mostGroups = defaultMostGroups } = options;
  const scopes = new Map<string, Map<string, Group>>();
  let byWords = new Map<string, Group>();
  let keys = 0;
  /** So many lines may find no room before merging is tried again. */
  let patience = 0;
  let longestPatience = mostGroups / 4;
  let count = 0;

  function addGroup(text: string, scope: string): Group {
    const { words, separators } = splitLine(text, keepStatus);
    const key = `${scope}\0${words.join(' ')}`;
    const known = byWords.get(key);
    if (known) return resolve(known);
    if (byWords.size >= mostGroups && --patience <= 0) {
      finish();
      // Where merging did not help it is tried again ever more seldom, so that lines at random stay cheap.
      if (byWords.size < mostGroups) longestPatience = mostGroups / 4;
      else longestPatience *= 2;
      patience = byWords.size < mostGroups ? 0 : longestPatience;
    }
    // What has no room, and what even merging could not bring together, is one group: its lines have nothing in common.
    const isFull = byWords.size >= mostGroups;
    const kept = isFull ? { words: [variable], separators: ['', ''] } : { words, separators };
    const keptKey = isFull ? `${scope}\0${variable}` : key;
    const group = byWords.get(keptKey) ?? createGroup(count++, scope, kept.words, kept.separators);
    byWords.set(keptKey, group);
    return resolve(group);
  }

  function finish() {
    const live = mergeTemplates([...new Set([...byWords.values()].map(resolve))], (from, into) => {
      from.into = into;
      onMerge?.(from, into);
    });
    byWords = new Map(live.map((group) => [`${group.scope}\0${group.words.join(' ')}`, group]));
  }

  return {
    add(message, scope = '') {
      const text = message.length > longestMessage ? cutMessage(message) : message;
      const key = maskLine(text, keepStatus);
      let known = scopes.get(scope);
      if (!known) {
        known = new Map();
        scopes.set(scope, known);
      }
      let group = known.get(key);
      if (group === undefined) {
        group = addGroup(text, scope);
        if (keys++ >= mostKeys) {
          scopes.clear();
          keys = 0;
        } else known.set(key, group);
      } else if (group.into) {
        group = resolve(group);
        known.set(key, group);
      }
      return group;
    },
    finish,
  };
}

/** Cuts between words: half a word would be another one. */
function cutMessage(message: string): string {
  const end = message.lastIndexOf(' ', longestMessage);
  return message.slice(0, end > longestMessage / 2 ? end : longestMessage);
}

function createGroup(own: number, scope: string, words: readonly string[], separators: readonly string[]): Group {
  const group: Group = {
    scope,
    words,
    separators,
    get id() {
      return group.into ? resolve(group).id : own;
    },
    text: () => (group.into ? resolve(group).text() : showTemplate(group)),
  };
  return group;
}

function resolve(group: Group): Group {
  let last = group;
  while (last.into) last = last.into;
  if (group.into) group.into = last;
  return last;
}

function showTemplate({ words, separators }: Mergeable): string {
  const shown = words.map((word, place) => `${separators[place] ?? ''}${word.replace('#', variable)}`).join('');
  return `${shown}${separators.at(-1) ?? ''}`.trim();
}
