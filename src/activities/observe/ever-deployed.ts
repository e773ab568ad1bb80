import type { Git } from '../../adapters/git/git.ts';
import type { Deploy } from '../../domain/evidence/evidence.ts';

/** Older deploys than these do not matter: what they carried, the later ones carry too. */
const mostDeploys = 30;

/**
 * Whether a commit ever reached its service: true when a deployed revision holds it, and also where the records do not tell (there are
 * none, or the repository knows none of their revisions). A commit that never ran fails in a sandbox all the same.
 */
export async function wasEverDeployed(
  git: Pick<Git, 'resolve' | 'isAncestor'>,
  source: string,
  commit: string,
  deploys: readonly Deploy[],
): Promise<boolean> {
  const resolve = (revision: string) => git.resolve(source, revision).catch(() => undefined);
  const suspect = await resolve(commit);
  if (suspect === undefined) return true;
  let isTold = false;
  const recent = deploys.filter(({ status }) => status !== 'failed').slice(-mostDeploys);
  for (const revision of new Set(recent.map((deploy) => deploy.revision).toReversed())) {
    const deployed = await resolve(revision);
    if (deployed === undefined) continue;
    isTold = true;
    if (await git.isAncestor(source, suspect, deployed)) return true;
  }
  return !isTold;
}
