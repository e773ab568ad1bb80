import type { PackedSource, RunOrder, RunReport, Sandbox, SandboxImage } from '../adapters/docker/sandbox.ts';
import type { Trial } from '../domain/bisect.ts';
import { cleanText } from '../domain/prompt-text.ts';
import type { Redact } from '../domain/redaction.ts';
import type { SandboxRequest, SandboxRun, SourceArchive } from '../domain/reproduction.ts';

/** What the reproduction needs of the evidence store. */
export interface BodyStore {
  put(content: Uint8Array | string): Promise<{ readonly digest: string; readonly bytes: number }>;
  get(digest: string): Promise<Buffer>;
}

export interface TryContext {
  readonly request: SandboxRequest;
  readonly sandbox: Pick<Sandbox, 'run' | 'packSource'>;
  readonly store: BodyStore;
  readonly image: Pick<SandboxImage, 'id'>;
  /** Time limit of one run, the same for every revision. */
  readonly runTimeoutMs: number;
  readonly signal: AbortSignal;
  readonly heartbeat: (details: unknown) => void;
  /** Takes secrets out of the output that goes into history; the stored body stays as it was written. */
  readonly redact?: Redact;
}

const tailLength = 2_000;
/** Read from the end of the output before it is cleaned; terminal sequences take room too. */
const tailReadLength = 20_000;

/**
 * Runs the request's command on revisions by their index and remembers what each showed. Revisions with the same files
 * share one run, unless a fresh one is asked for. `runs` grows in the order of the tries.
 */
export function createTrials(context: TryContext) {
  const { request, sandbox, store } = context;
  const runs: SandboxRun[] = [];
  const trials: Record<number, Trial> = {};
  const byTree = new Map<string, SandboxRun>();
  let neighbours: Promise<readonly PackedSource[]> | undefined;

  const packArchive = async ({ service, digest }: SourceArchive) => {
    return sandbox.packSource(service, await store.get(digest));
  };

  async function execute(revision: SourceArchive, suspect: PackedSource): Promise<SandboxRun> {
    neighbours ??= Promise.all(request.neighbours.map(packArchive));
    const order: RunOrder = {
      incidentId: request.incidentId,
      runId: request.runId,
      imageId: context.image.id,
      sources: [suspect, ...(await neighbours)],
      workService: request.workService,
      setup: request.setup,
      command: request.command,
      limits: { ...request.limits, timeoutMs: context.runTimeoutMs },
      signal: context.signal,
    };
    return recordRun(await sandbox.run(order), revision, order, context);
  }

  return {
    runs,
    trials,
    /** The run that judges a revision. `fresh` runs it again though a result is known. */
    async tryIndex(index: number, { fresh = false } = {}): Promise<SandboxRun> {
      const revision = request.revisions[index];
      if (!revision) throw new RangeError(`No revision ${index} among ${request.revisions.length}.`);
      context.heartbeat({ phase: 'run', revision: revision.revision, run: runs.length + 1 });
      const suspect = await packArchive(revision);
      const known = fresh ? undefined : byTree.get(suspect.treeDigest);
      const run = known ? reuseRun(known, revision) : await execute(revision, suspect);
      byTree.set(suspect.treeDigest, known ?? run);
      runs.push(run);
      if (!fresh) trials[index] = judgeRun(run, request);
      return run;
    },
  };
}

/** A set-up that fails says nothing about the failure, so the revision is skipped. */
export function judgeRun(run: SandboxRun, request: Pick<SandboxRequest, 'command'>): Trial {
  if (run.end === 'passed') return 'good';
  return run.command.join('\0') === request.command.join('\0') ? 'bad' : 'skip';
}

function reuseRun(known: SandboxRun, { revision }: SourceArchive): SandboxRun {
  const note = `[same files as ${known.revision.slice(0, 12)}: not run again]\n`;
  return { ...known, revision, durationMs: 0, outputTail: (note + known.outputTail).slice(0, tailLength) };
}

async function recordRun(
  report: RunReport,
  { service, revision }: SourceArchive,
  order: RunOrder,
  { store, redact = (unchanged) => unchanged }: Pick<TryContext, 'store' | 'redact'>,
): Promise<SandboxRun> {
  const { digest } = await store.put(report.output);
  const failedSetup = report.failedSetup === undefined ? undefined : order.setup[report.failedSetup];
  const text = report.output.toString('utf8').slice(-tailReadLength);
  const flooded = report.flooded ? `\n[ended: it had written ${report.totalBytes} bytes]` : '';
  return {
    service,
    revision,
    command: failedSetup ?? order.command,
    end: report.end,
    exitCode: report.exitCode,
    durationMs: report.durationMs,
    outputTail: (redact(cleanText(text, tailReadLength)) + flooded).slice(-tailLength),
    outputDigest: digest,
  };
}
