import type { SandboxImage } from '../../adapters/docker/sandbox.ts';
import type { Reproduction, SandboxRequest, SourceArchive } from '../../domain/reproduction/reproduction.ts';
import {
  fixedRevision,
  judgeFix,
  listChanges,
  wantedFixedRuns,
  type FixChanges,
  type FixOrder,
  type FixRuns,
  type FixTrial,
  type TalliedRun,
} from '../../domain/reproduction/candidate-fix.ts';
import { weighWords } from '../../domain/reproduction/printed-words.ts';
import { readTestTally } from '../../domain/reproduction/test-tally.ts';
import type { Tried } from '../../domain/reproduction/tried.ts';
import { sanitizeText } from '../../domain/text.ts';
import { createTrials, type RunRevision, type TryContext } from '../sandbox/try-revision.ts';
import { revertChange } from './revert-change.ts';
import { isSameFile, readTree, writeTree } from './source-tree.ts';

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

/** No runner's line about a test is longer. */
const longestLine = 500;

/**
 * Tries a fix on a copy of what is deployed: the failure without it, and with it as often as a proof needs; then the service's
 * whole tests without and with it. Undefined when there is no time even for the first two runs.
 */
export async function tryFix(reproduced: Reproduction, context: FixContext): Promise<FixTrial | undefined> {
  const { request, order, hasTime, way = 'test', redact = (unchanged: string) => unchanged } = context;
  const deployed = request.revisions.at(-1);
  if (!deployed || !hasTime()) return undefined;
  const { written } = order;
  const isWritten = written !== undefined && 'archive' in written;
  const base = isWritten
    ? { source: 'engine' as const, of: written.by }
    : { source: 'revert' as const, of: reproduced.firstBad ?? reproduced.suspect };
  const refused = written && 'refused' in written ? ` The fix of ${written.by} was not tried: ${written.refused}.` : '';
  const packed = isWritten ? written : await packRevert(reproduced, deployed, context);
  if ('cannot' in packed) {
    return { ...base, verdict: 'cannot-run', reason: packed.cannot + refused, newlyBroken: [], runs: [] };
  }
  const pair = [deployed, packed.archive] as const;
  const shown = await runPair(request, pair, context, wantedFixedRuns);
  const tests = order.test && shown ? await runTests(order.test, pair, context) : undefined;
  if (!shown) return undefined;
  const judged = judgeFix({ ...base, way, command: request.command, ...shown, ...(tests ? { tests } : {}) });
  const list = [shown.deployed, ...shown.fixed, ...(tests ? [tests.deployed, tests.fixed] : [])].map(({ run }) => run);
  return {
    ...base,
    ...judged,
    reason: `${redact(judged.reason)}${refused}`.trim(),
    runs: list,
    ...(packed.changes ? { changes: packed.changes } : {}),
  };
}

/** What is deployed without the culprit's change, computed in memory from trees that Git packed. */
async function packRevert(
  { firstBad, suspect, before }: Reproduction,
  deployed: SourceArchive,
  { request, store }: FixContext,
): Promise<{ readonly archive: SourceArchive; readonly changes?: FixChanges } | { readonly cannot: string }> {
  const read = async (revision: string) => {
    const archive = request.revisions.find((one) => one.revision === revision);
    return archive && readTree(await store.get(archive.digest));
  };
  const culprit = firstBad ?? suspect;
  const [bad, good] = [await read(culprit), await read(before)];
  if (!bad || !good) return { cannot: 'The states before and after the change are not both packed.' };
  const now = await readTree(await store.get(deployed.digest));
  const tree = revertChange({ deployed: now, bad, before: good });
  if ('conflict' in tree) {
    return { cannot: `Later commits changed the same place of ${tree.conflict}, so it cannot be taken back alone.` };
  }
  const { digest, bytes } = await store.put(await writeTree(tree));
  const paths = [...new Set([...now.keys(), ...tree.keys()])].filter(
    (path) => !isSameFile(now.get(path), tree.get(path)),
  );
  const archive = { service: deployed.service, revision: fixedRevision, digest, bytes };
  return { archive, changes: listChanges(paths.sort(), digest) };
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
  const both = await runPair(tests, pair, { ...rest, image: ensured }, 1);
  const [fixed] = both?.fixed ?? [];
  return both && fixed && { command, deployed: both.deployed, fixed };
}

/** Undefined when the time did not suffice for both; fewer runs of the second than wanted where it ended later, or one failed. */
async function runPair(
  request: SandboxRequest,
  pair: readonly [SourceArchive, SourceArchive],
  context: Pick<FixContext, 'hasTime' | 'onPhase'> & Omit<TryContext, 'request' | 'report'>,
  wanted: number,
): Promise<{ readonly deployed: TalliedRun; readonly fixed: readonly TalliedRun[] } | undefined> {
  const { hasTime, onPhase, ...rest } = context;
  const trials = createTrials({
    ...rest,
    request: { ...request, revisions: pair, suspectIndex: 0 },
    report: (phase) => onPhase(`fix: ${phase}`),
  });
  const deployed = await tally(await trials.tryIndex(0), context);
  const fixed: TalliedRun[] = [];
  while (fixed.length < wanted && hasTime()) {
    const one = await tally(await trials.tryIndex(1, { isRepeat: fixed.length > 0 }), context);
    fixed.push(one);
    if (one.run.end !== 'passed') break;
  }
  const [before, ...after] = weighWords([deployed, ...fixed]);
  return before && after.length > 0 ? { deployed: before, fixed: after } : undefined;
}

/** The whole output is read for names: those of a run must not be missing because its output is long. */
async function tally(one: Tried, { store }: Pick<FixContext, 'store'>): Promise<TalliedRun> {
  const { outputDigest } = one.run;
  const text = outputDigest === undefined ? '' : (await store.get(outputDigest)).toString('utf8');
  const lines = sanitizeText(text)
    .split('\n')
    .map((line) => line.slice(0, longestLine));
  return { ...one, tally: readTestTally(lines) };
}
