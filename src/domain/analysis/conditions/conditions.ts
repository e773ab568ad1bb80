import type { CauseCategory } from '../../diagnosis/diagnosis.ts';

/**
 * A state of a platform, a database or a machine that makes services fail without any change to their code: one row of a table
 * (workload.ts, cluster.ts, database.ts, host.ts), recognised by the platform's own words.
 */
export interface ConditionKind {
  readonly id: string;
  readonly category: CauseCategory;
  /**
   * `origin` lies outside of the workload and explains what the workload suffers; `cause` ends a chain of explanations unless an
   * origin stands behind it; `weak` is a cause only when nothing else is found; `symptom` never is one.
   */
  readonly rank: 'origin' | 'cause' | 'weak' | 'symptom';
  /** What it is called, for sentences: `a container that ran out of memory`. */
  readonly name: string;
  /** How it makes a service fail, as one sentence. */
  readonly mechanism: string;
  /** The platform's short reason. */
  readonly reasons?: RegExp;
  /** Words of a message. */
  readonly words?: RegExp;
  /** Where both reason and words are given, both must fit, unless `either` will do. */
  readonly either?: true;
  /** Words that take it back: a retry that worked, a test. */
  readonly except?: RegExp;
  /** False for rows that are too common in an application's own lines to mean the same there. */
  readonly inLogs?: boolean;
  /** Systems write these words as plain notes (PostgreSQL's `LOG`, MySQL's `Note`), so a line of any level counts. */
  readonly atAnyLevel?: true;
  /** Routine by itself: a sign only where one of those that it explains shows as well. */
  readonly needsEffect?: true;
  /** Who tells of it speaks to all its customers and does not see this system, so it counts for less than what was seen here. */
  readonly isHearsay?: true;
  /** Ids of conditions that follow from this one. */
  readonly explains: readonly string[];
  /** Where the words and their meaning are documented. */
  readonly source: string;
}

/** One thing seen that shows a condition. */
export interface ConditionSign {
  /** `told`: an alert says so, and other evidence shows what drives it. */
  readonly from: 'event' | 'log' | 'metric' | 'told';
  /** What it was seen at: a pod, a node, a database instance; the service where nothing closer is told. */
  readonly object: string;
  readonly reason?: string;
  /** The platform's own words, or a sentence about a metric. */
  readonly text: string;
  readonly firstAt: string;
  readonly lastAt?: string;
  readonly count: number;
  /** The platform calls it an error, not only a warning. */
  readonly isGrave?: true;
  readonly evidenceId: string;
}

/** A condition that the evidence shows on one service. */
export interface Condition {
  readonly kind: ConditionKind;
  readonly service: string;
  /** Oldest first. */
  readonly signs: readonly ConditionSign[];
  readonly firstAt: string;
  /** 0 to 1: how sure it is that this state was there. */
  readonly strength: number;
  /** It ended within the incident: what it was seen at is well again. */
  readonly hasPassed: boolean;
}

/** The words that take back whatever was said before them: nothing is left of the trouble. */
const takenBack =
  /\b(retried successfully|recovered|resolved|succeeded|completed successfully|transient|back to normal)\b/i;

/**
 * First row that the words of a platform fit; rows stand in the order from special to general.
 * Our own rule. O(r · n) for r rows and n characters.
 */
export function matchKind(
  kinds: readonly ConditionKind[],
  said: {
    readonly reason?: string;
    readonly text: string;
    readonly isLog?: boolean;
    /** A log line that its writer calls neither a warning nor an error. */
    readonly isNote?: boolean;
  },
): ConditionKind | undefined {
  return kinds.find((kind) => {
    if (said.isLog === true && (kind.inLogs === false || kind.words === undefined)) return false;
    if (said.isNote === true && kind.atAnyLevel !== true) return false;
    if (kind.except?.test(said.text) === true || (kind.rank !== 'origin' && takenBack.test(said.text))) return false;
    const byReason = kind.reasons === undefined || (said.isLog !== true && kind.reasons.test(said.reason ?? ''));
    const byWords = kind.words === undefined || kind.words.test(said.text);
    return kind.either === true ? byReason || byWords : byReason && byWords;
  });
}

/**
 * Signs of one kind on one service become one condition; more kinds of sources make it surer.
 * Our own rule. O(n log n) at most for n signs.
 */
export function groupSigns(
  found: readonly { readonly kind: ConditionKind; readonly service: string; readonly sign: ConditionSign }[],
): readonly Condition[] {
  const groups = new Map<string, { kind: ConditionKind; service: string; signs: ConditionSign[] }>();
  for (const { kind, service, sign } of found) {
    const key = `${service} ${kind.id}`;
    const group = groups.get(key) ?? { kind, service, signs: [] };
    group.signs.push(sign);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ kind, service, signs }): Condition => {
    const sorted = [...signs].sort((a, b) => (a.firstAt < b.firstAt ? -1 : a.firstAt > b.firstAt ? 1 : 0));
    return {
      kind,
      service,
      signs: sorted,
      firstAt: sorted[0]?.firstAt ?? '',
      strength: weigh(sorted),
      hasPassed: false,
    };
  });
}

/** A platform knows its own state; a measured limit is nearly as sure; an application's words about its surroundings are hearsay. */
const trust: Readonly<Record<ConditionSign['from'], number>> = { event: 0.8, metric: 0.7, log: 0.5, told: 0.4 };

function weigh(signs: readonly ConditionSign[]): number {
  const sources = [...new Set(signs.map((sign) => sign.from))];
  const best = Math.max(0, ...sources.map((source) => trust[source]));
  return Math.min(0.95, best + 0.1 * (sources.length - 1));
}
