import type { RunOrder, RunReport, Sandbox } from './docker/sandbox.ts';
import { isKeptEnd, type KnownRun, type RunCache } from './run-cache.ts';

export interface RememberParts {
  readonly cache: RunCache;
  /** Where outputs lie, by their SHA-256 in hex. */
  readonly store: {
    put(content: Uint8Array): Promise<{ readonly digest: string }>;
    get(digest: string): Promise<Buffer>;
  };
  readonly logger: { warn(details: object, message: string): void };
  readonly now?: () => Date;
}

/**
 * The same sandbox, which does not run again what any incident ran before: the same trees, image and command under the same
 * limits. A repeat is always run, and where it ends otherwise than the kept result that is forgotten: a flaky result is worth
 * nothing. A cache that fails costs a run and a word in the log, never a reproduction.
 */
export function rememberRuns<T extends Pick<Sandbox, 'run'>>(sandbox: T, parts: RememberParts): T {
  const { cache, store, logger, now = () => new Date() } = parts;

  async function attempt<R>(what: () => Promise<R>): Promise<R | undefined> {
    try {
      return await what();
    } catch (error) {
      logger.warn({ error: String(error) }, 'The cache of sandbox runs could not be used; the run is made anew.');
      return undefined;
    }
  }

  async function recall(order: RunOrder): Promise<KnownRun | undefined> {
    const answer = await attempt(() => cache.read(order));
    if (answer?.damage !== undefined) logger.warn({}, answer.damage);
    return answer?.run;
  }

  /** Its output may have been cleaned away with the evidence of its incident; then there is nothing to show. */
  async function recallReport(order: RunOrder): Promise<RunReport | undefined> {
    const known = await recall(order);
    const output = known && (await store.get(known.outputDigest).catch(() => undefined));
    if (!known || !output) return undefined;
    const { outputDigest: _digest, timeoutMs: _limit, at, ...report } = known;
    return { ...report, output, keptFrom: at };
  }

  async function keep(order: RunOrder, report: RunReport): Promise<void> {
    const { output, layeredImageId: _of, keptFrom: _earlier, end, ...told } = report;
    if (!isKeptEnd(end)) return;
    const { digest } = await store.put(output);
    await cache.write(order, {
      ...{ ...told, end, outputDigest: digest },
      ...{ timeoutMs: order.limits.timeoutMs, at: now().toISOString() },
    });
  }

  async function run(order: RunOrder): Promise<RunReport> {
    if (!order.isRepeat) {
      const known = await recallReport(order);
      if (known) return known;
    }
    const report = await sandbox.run(order);
    if (!order.isRepeat) await attempt(() => keep(order, report));
    else {
      const known = await recall(order);
      const isSame = known?.end === report.end && known.exitCode === report.exitCode;
      if (known && !isSame) await attempt(() => cache.forget(order));
    }
    return report;
  }

  return { ...sandbox, run };
}
