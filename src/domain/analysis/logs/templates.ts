import { createKnownPlaces } from './known-places.ts';
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
  /**
   * HTTP statuses keep their numbers and hosts their names, since 401 and 503 are different stories, and so are two callees; for people, and
   * for whatever groups failures. Without it templates are those that log parsers are compared by.
   */
  readonly keepStatusAndHost?: boolean;
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
 * Masks before the look-up are those of on-line parsers such as Drain (He et al., "Drain: an online log parsing approach with fixed
 * depth tree", ICWS 2017); the merge has its own source.
 */
export function createTemplateMiner(options: MinerOptions = {}): TemplateMiner {
  const { keepStatusAndHost = false } = options;
  const groups = createGroups(options);
  const scopes = new Map<string, Map<string, Group>>();
  let keys = 0;
  return {
    add(message, scope = '') {
      const text = message.length > longestMessage ? cutMessage(message) : message;
      const key = maskLine(text, keepStatusAndHost);
      let known = scopes.get(scope);
      if (!known) {
        known = new Map();
        scopes.set(scope, known);
      }
      let group = known.get(key);
      if (group === undefined) {
        group = groups.find(text, scope);
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
    finish: groups.merge,
  };
}

/** The groups of a miner by their words. */
function createGroups({ keepStatusAndHost = false, onMerge, mostGroups = defaultMostGroups }: MinerOptions) {
  const places = createKnownPlaces();
  let byWords = new Map<string, Group>();
  let count = 0;
  /** So many lines may find no room before merging is tried again. */
  let patience = 0;
  let longestPatience = mostGroups / 4;

  function find(text: string, scope: string): Group {
    const { words, separators } = splitLine(text, keepStatusAndHost);
    const known = findKnown(scope, words);
    if (known) return known;
    if (byWords.size >= mostGroups && --patience <= 0) {
      merge();
      // Where merging helped little it is tried again ever more seldom, so that lines at random stay cheap.
      const isRoomy = byWords.size <= (3 / 4) * mostGroups;
      longestPatience = isRoomy ? mostGroups / 4 : 2 * longestPatience;
      patience = isRoomy ? 0 : longestPatience;
    }
    // What has no room, and what even merging could not bring together, is one group: its lines have nothing in common.
    return byWords.size < mostGroups
      ? createGroup(scope, words, separators)
      : (byWords.get(keyOf(scope, [variable])) ?? createGroup(scope, [variable], ['', '']));
  }

  function findKnown(scope: string, words: readonly string[]): Group | undefined {
    const known = byWords.get(keyOf(scope, words));
    if (known) return known;
    for (const template of places.recall(scope, words)) {
      const group = byWords.get(keyOf(scope, template));
      if (group) return group;
    }
    return undefined;
  }

  function createGroup(scope: string, words: readonly string[], separators: readonly string[]): Group {
    const own = count++;
    const group: Group = {
      scope,
      words,
      separators,
      get id() {
        return group.into ? resolve(group).id : own;
      },
      text: () => (group.into ? resolve(group).text() : showTemplate(group)),
    };
    byWords.set(keyOf(scope, words), group);
    return group;
  }

  function merge() {
    const before = [...byWords.values()].map((group) => ({ group, words: group.words }));
    const live = mergeTemplates(
      before.map(({ group }) => group),
      {
        keepStatusAndHost,
        onMerge(from, into) {
          from.into = into;
          onMerge?.(from, into);
        },
      },
    );
    byWords = new Map(live.map((group) => [keyOf(group.scope, group.words), group]));
    for (const { group, words } of before) places.learn(group.scope, words, resolve(group).words);
  }

  return { find, merge };
}

/** Cuts between words: half a word would be another one. */
function cutMessage(message: string): string {
  const end = message.lastIndexOf(' ', longestMessage);
  return message.slice(0, end > longestMessage / 2 ? end : longestMessage);
}

function keyOf(scope: string, words: readonly string[]): string {
  return `${scope}\0${words.join(' ')}`;
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
