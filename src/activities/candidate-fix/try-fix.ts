import type { SandboxImage } from '../../adapters/docker/sandbox.ts';
import type { Reproduction, SandboxRequest, SourceArchive } from '../../domain/reproduction/reproduction.ts';
import { judgeFix, type FixOrder, type FixRuns, type FixTrial } from '../../domain/reproduction/candidate-fix.ts';
import type { Tried } from '../../domain/reproduction/tried.ts';
import { createTrials, type RunRevision, type TryContext } from '../sandbox/try-revision.ts';
import { revertChange } from './revert-change.ts';
import { readTree, writeTree } from './source-tree.ts';

export interface FixContext extends Pick<
  TryContext,
  'sandbox' | 'store' | 'runTimeoutMs' | 'signal' | 'redact' | 'way'
> {
  readonly order: FixOrder;
  /** The request of the way that showed the failure. */
  readonly request: SandboxRequest;
  readonly image: Pick<SandboxImage, 'id'>;
  readonly runRevision: RunRevision;
  readonly ensureImage: (name: string) => Promise<Pick<SandboxImage, 'id'>>;
  readonly hasTime: () => boolean;
  readonly onPhase: (phase: string) => void;
}

/** As long as what tables show of a revision. */
const fixedRevision = 'with the fix';

/**
 * Tries a fix on a copy of what is deployed: the failure without and with it, then the service's whole tests without and with
 * it. Undefined when there is no time even for the first run.
 */
export async function tryFix(reproduced: Reproduction, context: FixContext): Promise<FixTrial | undefined> {
  const { request, order, hasTime } = context;
  const deployed = request.revisions.at(-1);
  if (!deployed || !hasTime()) return undefined;
  const { written } = order;
  const isWritten = written !== undefined && 'archive' in written;
  const base = isWritten
    ? { source: 'engine' as const, of: written.by }
    : { source: 'revert' as const, of: reproduced.firstBad ?? reproduced.suspect };
  const refused = written && 'refused' in written ? ` The fix of ${written.by} was not tried: ${written.refused}.` : '';
  const fixed = isWritten ? written.archive : await packRevert(reproduced, deployed, context);
  if ('cannot' in fixed) {
    return { ...base, verdict: 'cannot-run', reason: fixed.cannot + refused, newlyBroken: [], runs: [] };
  }
  const shown = await runBoth(request, [deployed, fixed], context);
  const tests = order.test && shown ? await runTests(order.test, [deployed, fixed], context) : undefined;
  if (!shown) return undefined;
  const runs: FixRuns = { command: request.command, ...shown, ...(tests ? { tests } : {}) };
  const judged = judgeFix(runs);
  const list = [shown.deployed, shown.fixed, ...(tests ? [tests.deployed, tests.fixed] : [])].map(({ run }) => run);
  return { ...base, ...judged, reason: `${judged.reason}${refused}`.trim(), runs: list };
}

/** What is deployed without the culprit's change, computed in memory from trees that Git packed. */
async function packRevert(
  { firstBad, suspect, before }: Reproduction,
  deployed: SourceArchive,
  { request, store }: FixContext,
): Promise<SourceArchive | { readonly cannot: string }> {
  const read = async (revision: string) => {
    const archive = request.revisions.find((one) => one.revision === revision);
    return archive && readTree(await store.get(archive.digest));
  };
  const culprit = firstBad ?? suspect;
  const [bad, good] = [await read(culprit), await read(before)];
  if (!bad || !good) return { cannot: 'The states before and after the change are not both packed.' };
  const tree = revertChange({ deployed: await readTree(await store.get(deployed.digest)), bad, before: good });
  if ('conflict' in tree) {
    return { cannot: `Later commits changed the same place of ${tree.conflict}, so it cannot be taken back alone.` };
  }
  const { digest, bytes } = await store.put(await writeTree(tree));
  return { service: deployed.service, revision: fixedRevision, digest, bytes };
}

async function runTests(
  { image, setup, command }: NonNullable<FixOrder['test']>,
  pair: readonly [SourceArchive, SourceArchive],
  context: FixContext,
): Promise<FixRuns['tests']> {
  if (!context.hasTime()) return undefined;
  const { request, runRevision: _other, way: _way, ...rest } = context;
  const { expected: _expected, ...own } = request;
  const tests = { ...own, workService: request.suspectService, setup, command };
  const ensured = await context.ensureImage(image);
  const both = await runBoth(tests, pair, { ...rest, image: ensured });
  return both && { command, ...both };
}

/** Undefined when the time did not suffice for both. */
async function runBoth(
  request: SandboxRequest,
  pair: readonly [SourceArchive, SourceArchive],
  context: Pick<FixContext, 'hasTime' | 'onPhase'> & Omit<TryContext, 'request' | 'report'>,
): Promise<{ readonly deployed: Tried; readonly fixed: Tried } | undefined> {
  const { hasTime, onPhase, ...rest } = context;
  const trials = createTrials({
    ...rest,
    request: { ...request, revisions: pair, suspectIndex: 0 },
    report: (phase) => onPhase(`fix: ${phase}`),
  });
  const deployed = await trials.tryIndex(0);
  if (!hasTime()) return undefined;
  return { deployed, fixed: await trials.tryIndex(1) };
}
