import type { Evidence } from '../evidence/evidence.ts';
import type { RecalledLesson } from '../evidence/lesson.ts';
import type { StoredProof } from '../reproduction/written-proof.ts';

/** One sentence of an argument, with the evidence that carries it. An empty list is allowed only for what is said to be unknown. */
export interface Claim {
  readonly text: string;
  readonly evidence: readonly string[];
}

export const findingKinds = [
  'log-pattern',
  'metric-change',
  'call-failure',
  'trace',
  'change',
  'deploy',
  'flag',
  'event',
  'healthy',
] as const;

/** A claim about one service, by its resident. */
export interface Finding {
  readonly id: string;
  readonly service: string;
  readonly kind: (typeof findingKinds)[number];
  readonly claim: Claim;
  /** ISO time at which the thing was first seen, where it has one. */
  readonly firstAt?: string;
  /** 0 to 1. */
  readonly weight: number;
  /** For `call-failure`: the service or outside system that the failing calls went to; for `trace`: another service that is at fault by it. */
  readonly pointsTo?: string;
  /** For `log-pattern`: the template; for `change`: the commit's full SHA; for `flag`: the change's id; for `event`: what it is about. */
  readonly subject?: string;
  /** For `deploy`: the revision that ran until then, where the record tells and the deploy did not fail. */
  readonly replaces?: string;
}

/** What one service's resident reports to the coordinator. */
export interface ResidentReport {
  readonly service: string;
  readonly evidence: readonly Evidence[];
  readonly findings: readonly Finding[];
  /** Services that suspicion reaches from here, most suspect first. */
  readonly suspects: readonly string[];
  /** One line: what this resident thinks of its own service. */
  readonly summary: string;
}

export type CauseCategory =
  | 'code-change'
  | 'config-change'
  | 'outside-dependency'
  | 'resource'
  | 'traffic'
  | 'infrastructure'
  | 'none'
  | 'unknown';

export interface RuledOut {
  /** A service, a commit's SHA, an outside system, or a condition in words. */
  readonly candidate: string;
  readonly reason: string;
  readonly evidence: readonly string[];
}

/** A service whose recent changes could be the cause: what the sandbox tries when the first suspect is not confirmed. */
export interface SuspectService {
  readonly service: string;
  /** Full SHAs, most likely first. */
  readonly suspects: readonly string[];
  readonly before?: string;
}

/** The argued cause, or `inconclusive`: it is never a guess in confident words. */
export interface Diagnosis {
  readonly verdict: 'cause' | 'inconclusive' | 'no-fault';
  /** The service at fault; empty when inconclusive. */
  readonly service: string;
  /** A commit's full SHA, a deploy's or flag's id, or `none`. */
  readonly change: string;
  readonly category: CauseCategory;
  /** Where a state of the platform is the cause: its name in the table of conditions, such as `storage-full`. */
  readonly condition?: string;
  /** 0 to 1. */
  readonly confidence: number;
  readonly statement: readonly Claim[];
  /** Every evidence id that the statement cites. */
  readonly evidence: readonly string[];
  readonly against: readonly Claim[];
  readonly ruledOut: readonly RuledOut[];
  /** The revision that ran before the suspect one, where there is one. */
  readonly before?: string;
  /** Commits that could be the cause, most likely first (full SHAs of `service`). */
  readonly suspects: readonly string[];
  /** Other services that remain possible, most likely first; with an inconclusive diagnosis, every one that is. */
  readonly alternatives?: readonly SuspectService[];
  readonly signatures: readonly string[];
  /** What could not be looked at, or would be needed to be sure. */
  readonly missing: readonly string[];
  readonly lessons: readonly RecalledLesson[];
  /** Which engine argued it, for example `analyst` or `claude/<model>`. */
  readonly engine: string;
  /** What the built-in analyst answered, where a model argued otherwise. */
  readonly analyst?: Pick<Diagnosis, 'verdict' | 'service' | 'change' | 'confidence'>;
  /** What the engine wrote to be tried in the sandbox. */
  readonly written?: StoredProof;
}

/** A diagnosis that says that the evidence does not carry a cause. */
export function inconclusive(why: string, engine: string, missing: readonly string[] = []): Diagnosis {
  return {
    verdict: 'inconclusive',
    service: '',
    change: 'none',
    category: 'unknown',
    confidence: 0,
    statement: [{ text: why, evidence: [] }],
    evidence: [],
    against: [],
    ruledOut: [],
    suspects: [],
    signatures: [],
    missing,
    lessons: [],
    engine,
  };
}

/** True where the failing service is known and the reason is not: the confidence is that of the place. */
export function isPlaceOnly({
  verdict,
  change,
  category,
}: Pick<Diagnosis, 'verdict' | 'change' | 'category'>): boolean {
  return verdict === 'cause' && change === 'none' && category === 'unknown';
}

/** Evidence ids that a diagnosis cites and that do not exist; an honest diagnosis has none. */
export function findUnknownCitations(diagnosis: Diagnosis, knownIds: readonly string[]): readonly string[] {
  const cited = [
    ...diagnosis.evidence,
    ...diagnosis.statement.flatMap((claim) => claim.evidence),
    ...diagnosis.against.flatMap((claim) => claim.evidence),
    ...diagnosis.ruledOut.flatMap((item) => item.evidence),
  ];
  return [...new Set(cited)].filter((id) => !knownIds.includes(id));
}

/**
 * Sentences that claim something and cite nothing (DESIGN.md, invariant 5). An inconclusive diagnosis may open with one sentence
 * about what is not known; all else, what speaks against it and what was ruled out included, cites evidence.
 */
export function findUncitedClaims({ verdict, statement, against, ruledOut }: Diagnosis): readonly string[] {
  const claims = verdict === 'inconclusive' ? statement.slice(1) : statement;
  return [
    ...[...claims, ...against].filter((claim) => claim.evidence.length === 0).map((claim) => claim.text),
    ...ruledOut.filter((item) => item.evidence.length === 0).map((item) => `${item.candidate}: ${item.reason}`),
  ];
}
