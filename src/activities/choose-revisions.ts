import type { Git } from '../adapters/git/git.ts';

export interface RevisionQuestion {
  readonly suspect: string;
  /** The revision that ran before, where the diagnosis knows it. */
  readonly before?: string;
  /** Commits of the window, in any order. */
  readonly candidates: readonly string[];
  /** The revision that runs now; HEAD where it is not known. */
  readonly deployed?: string;
}

export interface RevisionChoice {
  /** Full SHAs, oldest first; the first is from before the window. */
  readonly revisions: readonly string[];
  readonly suspectIndex: number;
}

/** Each revision is an archive and, in the worst case, a run. */
export const maxRevisions = 32;

/**
 * The states of a service that a bisection walks through. Along the main line (first parents) each state was really built;
 * a suspect on a merged branch is walked along its own branch, from where it left the main line to the merge.
 */
export async function chooseRevisions(
  git: Git,
  source: string,
  question: RevisionQuestion,
): Promise<RevisionChoice | { readonly cannotRun: string }> {
  const suspect = await git.resolve(source, question.suspect);
  const [head] = await git.readCommits(source, [suspect]);
  const parent = head?.parents[0];
  if (parent === undefined) {
    return {
      cannotRun: `${suspect} is the first commit of ${source}: there is no revision before it to compare with.`,
    };
  }
  const deployed = await git.resolve(source, question.deployed ?? 'HEAD');
  const end = (await git.isAncestor(source, suspect, deployed)) ? deployed : suspect;
  const start = await findStart(git, source, { ...question, suspect, parent });
  const mainLine = [start, ...(await git.listMainLine(source, start, end))];
  const walked = mainLine.includes(suspect)
    ? mainLine
    : [parent, ...(await listBranch(git, source, parent, suspect, mainLine))];
  const before = question.before === undefined ? parent : await resolveOr(git, source, question.before, parent);
  const revisions = thin(walked, [before, parent, suspect], suspect);
  return { revisions, suspectIndex: revisions.indexOf(suspect) };
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

/** A suspect that came in by a merge: its branch up to the suspect, then the main line from the merge on. */
async function listBranch(git: Git, source: string, parent: string, suspect: string, mainLine: readonly string[]) {
  const after: string[] = [];
  for (const id of mainLine) if (await git.isAncestor(source, suspect, id)) after.push(id);
  return [...(await git.listMainLine(source, parent, suspect)), ...after];
}

async function resolveOr(git: Git, source: string, revision: string, otherwise: string): Promise<string> {
  return git.resolve(source, revision).catch(() => otherwise);
}

/** At most {@link maxRevisions}: the ends, what must stay, the suspect's surroundings, and the rest spread evenly. */
function thin(revisions: readonly string[], must: readonly string[], suspect: string): readonly string[] {
  if (revisions.length <= maxRevisions) return revisions;
  const centre = revisions.indexOf(suspect);
  const kept = new Set(
    [0, revisions.length - 1, ...must.map((id) => revisions.indexOf(id))].filter((index) => index >= 0),
  );
  for (let distance = 1; distance <= 4; distance += 1) {
    for (const index of [centre - distance, centre + distance])
      if (index >= 0 && index < revisions.length) kept.add(index);
  }
  const room = maxRevisions - kept.size;
  for (let step = 1; step <= room; step += 1) kept.add(Math.round((step * (revisions.length - 1)) / (room + 1)));
  return revisions.filter((_, index) => kept.has(index));
}
