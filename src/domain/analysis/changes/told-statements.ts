import { codeOnly, isRun, type Hunk } from './diffs.ts';
import { codeWords, findStatement, holdsStatement, maskStatement } from './sql-shape.ts';
import type { Facts } from '../facts.ts';
import type { Suspicion } from '../suspicion.ts';

/** A statement that a database, or who waits for it, tells of since the incident. */
export interface ToldStatement {
  /** Whose log or load tells of it. */
  readonly service: string;
  readonly shape: readonly string[];
  /** The statement itself, for sentences. */
  readonly text: string;
  /** Since when it is told of. */
  readonly firstMs: number;
  /** 0 to 1: how far its database, or who calls that, is suspect. */
  readonly weight: number;
  readonly evidenceId: string;
}

/** What of a diff explains what another system's own records tell. */
export interface ToldSign {
  /** How it makes failures, as mechanisms are named. */
  readonly name: string;
  readonly what: string;
  readonly strength: number;
  readonly evidenceId: string;
}

/**
 * Lines under which databases write what was slow or in the way: PostgreSQL's `log_min_duration_statement`, `log_lock_waits` and
 * `auto_explain`, MySQL's slow query log, MongoDB's and drivers' `slow query`. They write them as plain notes, so that any level counts.
 * Source: https://www.postgresql.org/docs/current/runtime-config-logging.html
 */
const tellsOfLoad =
  /\bduration: [\d.]+ ?m?s\b|\bholding the lock\b|\bdeadlock\b|query_time\b|\bslow[ _-]?(?:query|statement|sql)\b|\blong[- ]running\b|\b(?:took|after|elapsed)\b[^\n]{0,12}\d+(?:\.\d+)? ?m?s\b/i;
/** A statement with less of its database's load is one of many. */
const leastLoad = 0.3;
/** A diff opens what keeps locks until it ends. */
const opensTransaction =
  /\bbegin\b|start[ _]transaction|@transactional|\.transaction\(|\.atomic\(|isolation level|lock table/i;

const strengths = { issued: 0.85, enclosed: 0.7, addressed: 0.55 } as const;

/** A change found by the statement that its database tells of. */
export const loadsDatabase = 'a statement that its database suffers from';

/**
 * Statements of the incident that databases tell of, by their logs and by their load.
 * O(n · s) for n example lines and statements with load, and s services.
 */
export function listToldStatements(facts: Facts, suspicions: readonly Suspicion[]): readonly ToldStatement[] {
  const logged = facts.patterns.flatMap((pattern) =>
    pattern.examples.flatMap((line) => {
      const statement = tellsOfLoad.test(line.message) ? findStatement(line.message) : undefined;
      return statement === undefined ? [] : [{ ...pattern, statement, firstMs: Date.parse(pattern.firstAt) }];
    }),
  );
  const loads = facts.surroundings.queries
    .filter(({ share }) => share >= leastLoad)
    .map((query) => ({ ...query, firstMs: facts.flows.incidentFromMs }));
  const told = new Map<string, ToldStatement>();
  for (const { service, statement, firstMs, evidenceId } of [...logged, ...loads]) {
    const shape = maskStatement(statement);
    const key = `${service} ${shape.join(' ')}`;
    const known = told.get(key);
    if (shape.length === 0 || (known && known.firstMs <= firstMs)) continue;
    told.set(key, {
      ...{ service, shape, firstMs, evidenceId },
      text: statement,
      weight: suspicionAround(service, facts, suspicions),
    });
  }
  return [...told.values()];
}

/**
 * Holds a diff against what a database tells: it issues that very statement where the code before it did not, it puts the statement into a
 * transaction, or it turns a setting towards that database. Empty where the statement was there before the change took effect.
 * Our own rule; it follows from databases that log the text of a statement while they never name its author. O(s · w · d) for s
 * statements of w words and d words of the diff.
 */
export function explainDatabase(
  told: readonly ToldStatement[],
  hunks: readonly Hunk[],
  atMs: number,
  slackMs: number,
): readonly ToldSign[] {
  const run = hunks.filter(({ path }) => isRun(path));
  return told
    .filter(({ firstMs }) => atMs <= firstMs + slackMs)
    .flatMap((statement) => run.flatMap((hunk) => explainStatement(statement, hunk) ?? []));
}

function explainStatement(
  { shape, text, service, weight, evidenceId }: ToldStatement,
  hunk: Hunk,
): ToldSign | undefined {
  const side = (mark: string) =>
    codeWords(hunk.lines.filter((line) => line[0] === mark || line[0] === ' ').map((line) => line.slice(1)));
  const quoted = `\`${text.replace(/[\s`]+/g, ' ').slice(0, 120)}\``;
  const trust = 0.4 + 0.6 * weight;
  if (holdsStatement(side('+'), shape)) {
    if (!holdsStatement(side('-'), shape))
      return {
        name: loadsDatabase,
        what: `it newly issues the statement that ${service} tells of, ${quoted}`,
        strength: strengths.issued * trust,
        evidenceId,
      };
    if (codeOnly(hunk.added).some((line) => opensTransaction.test(line)))
      return {
        name: loadsDatabase,
        what: `it holds a transaction open around the statement that ${service} tells of, ${quoted}`,
        strength: strengths.enclosed * trust,
        evidenceId,
      };
  }
  if (isTurnedTo(hunk, service))
    return {
      name: loadsDatabase,
      what: `it turns a setting towards ${service}, which tells of ${quoted} since`,
      strength: strengths.addressed * trust,
      evidenceId,
    };
  return undefined;
}

/** A line that named something else under the same name now names the service itself, and not one whose name is longer. */
function isTurnedTo({ added, removed }: Hunk, service: string): boolean {
  const name = new RegExp(`(?<![\\w-])${service.replace(/[^\w-]/g, '\\$&')}(?![\\w-])`);
  const keyOf = (line: string) => /^[\s"'-]*([\w.-]+)["']?\s*[:=]/.exec(line)?.[1];
  return (
    !removed.some((line) => name.test(line)) &&
    added.some(
      (line) => name.test(line) && keyOf(line) !== undefined && removed.some((other) => keyOf(other) === keyOf(line)),
    )
  );
}

/** How suspect a database is, or who of its callers is most. */
function suspicionAround(service: string, facts: Facts, suspicions: readonly Suspicion[]): number {
  return Math.max(
    0,
    ...suspicions
      .filter((item) => item.service === service || facts.dependencies[item.service]?.includes(service) === true)
      .map(({ share }) => share),
  );
}
