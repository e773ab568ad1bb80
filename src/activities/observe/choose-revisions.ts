import type { Git, State } from '../../adapters/git/git.ts';
import type { History } from '../../domain/reproduction/bisect.ts';
import { thinHistory } from '../../domain/reproduction/thin-history.ts';

export interface RevisionQuestion {
  readonly suspect: string;
  /** The revision that ran before, where the diagnosis knows it. */
  readonly before?: string;
  /** Commits of the window, in any order. */
  readonly candidates: readonly string[];
  /** The revision that runs now; HEAD where it is not known. */
  readonly deployed?: string;
}

/** A second look, into a gap that the first one left: what passes and what fails is known. */
export interface GapQuestion {
  readonly good: readonly string[];
  readonly bad: string;
}

export interface RevisionChoice {
  /** Full SHAs, parents before children; the first is from before the window. */
  readonly revisions: readonly string[];
  readonly parents: History;
  /** How many revisions between each one and its parents are not among them, for want of room. */
  readonly gaps: readonly number[];
  readonly suspectIndex: number;
}

/** Each revision is an archive and, in the worst case, a run. A window that holds more is bisected in rounds. */
export const maxRevisions = 32;
/** Suspect, its parent, both ends and what ran before must be among them, and a few between. */
const minRevisions = 8;
/** The archives of one round take no more room than this in the evidence store, unless so few are larger. */
const roundBytes = 256_000_000;

/** How many revisions of a source of this size are packed in one round. */
export function countRevisions(archiveBytes: number): number {
  return Math.max(minRevisions, Math.min(maxRevisions, Math.floor(roundBytes / Math.max(1, archiveBytes))));
}

/** Neighbours of the suspect in the list that are kept in any case, on each side. */
const surroundings = 4;

/** The states of a service that a bisection walks through, from before the window to what is deployed now, merged branches included. */
export async function chooseRevisions(
  git: Git,
  source: string,
  question: RevisionQuestion,
  most = maxRevisions,
): Promise<RevisionChoice | { readonly cannotRun: string }> {
  const suspect = await git.findLastChange(source, await git.resolve(source, question.suspect));
  const [head] = await git.readCommits(source, [suspect]);
  const parent = head?.parents[0];
  if (parent === undefined) {
    return {
      cannotRun:
        `${suspect} is the first commit of ${source}: there is no revision before it to compare with. ` +
        'If the clone is shallow, fetch it in full (`git fetch --unshallow`).',
    };
  }
  const deployed = await git.resolve(source, question.deployed ?? 'HEAD');
  const to = (await git.isAncestor(source, suspect, deployed)) ? deployed : suspect;
  const from = await findStart(git, source, { ...question, suspect, parent });
  const states = await git.listHistory(source, { from, to });
  const index = states.findIndex(({ id }) => id === suspect);
  if (index < 1) {
    return { cannotRun: `${source} did not exist before ${suspect}: there is no revision to compare with.` };
  }
  const before = question.before === undefined ? from : await resolveOr(git, source, question.before, from);
  const near = Array.from({ length: surroundings }, (_, n) => [index - n - 1, index + n + 1]).flat();
  const must = [index, ...(states[index]?.parents ?? []), states.findIndex(({ id }) => id === before), ...near];
  return choose(states, must, suspect, most);
}

/** The revisions inside a gap; the last is the one that is known to fail, and stands for the suspect. */
export async function chooseInGap(
  git: Git,
  source: string,
  { good, bad }: GapQuestion,
  most = maxRevisions,
): Promise<RevisionChoice> {
  const [from = bad, ...without] = good;
  const states = await git.listHistory(source, { from, to: bad, without });
  return choose(states, [], bad, most);
}

function choose(states: readonly State[], must: readonly number[], suspect: string, most: number): RevisionChoice {
  const thin = thinHistory(
    states.map(({ parents }) => parents),
    must,
    most,
  );
  const revisions = thin.kept.map((index) => states[index]?.id ?? '');
  return { revisions, parents: thin.history, gaps: thin.gaps, suspectIndex: revisions.indexOf(suspect) };
}

/** The parent of the oldest candidate that leads to the suspect, or an older revision that ran before. */
async function findStart(
  git: Git,
  source: string,
  { suspect, parent, before, candidates }: RevisionQuestion & { readonly parent: string },
): Promise<string> {
  let start = parent;
  if (before !== undefined) {
    const ran = await resolveOr(git, source, before, parent);
    if (await git.isAncestor(source, ran, start)) start = ran;
  }
  const known = await git.readCommits(source, candidates).catch(() => []);
  for (const { id, parents } of known) {
    const older = parents[0];
    if (older === undefined || !(await git.isAncestor(source, id, suspect))) continue;
    if (older !== start && (await git.isAncestor(source, older, start))) start = older;
  }
  return start;
}

async function resolveOr(git: Git, source: string, revision: string, otherwise: string): Promise<string> {
  return git.resolve(source, revision).catch(() => otherwise);
}
