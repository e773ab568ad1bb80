import type { PackedSource, RunReport, Sandbox, SandboxImage } from '../../adapters/docker/sandbox.ts';
import { dropHidden, showText } from '../../domain/diagnosis/prompt-text.ts';
import type { Redact } from '../../domain/redaction.ts';
import type {
  FailureSignature,
  ReproductionWay,
  SandboxRequest,
  SandboxRun,
  SourceArchive,
} from '../../domain/reproduction/reproduction.ts';
import { locateSignature } from '../../domain/reproduction/location.ts';
import { listPrinted, weighWords } from '../../domain/reproduction/printed-words.ts';
import { showFailure } from '../../domain/reproduction/show-failure.ts';
import { showReplay } from '../../domain/reproduction/show-replay.ts';
import { toLines } from '../../domain/reproduction/signature.ts';
import type { Tried } from '../../domain/reproduction/tried.ts';
import type { FinishedRun } from './finished-runs.ts';

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
  /** Told before each run what is about to run, and after it what is finished. */
  readonly report: (step: string, finished: readonly FinishedRun[]) => void;
  /** What an earlier attempt of the same activity finished: taken over in the same order. */
  readonly finished?: readonly FinishedRun[];
  /** Takes secrets out of what goes into history; the stored body stays as it was written. */
  readonly redact?: Redact;
  readonly way?: ReproductionWay;
  /** Runs one revision, whose source comes first; in a sandbox of its own with the request's command when left out. */
  readonly runRevision?: RunRevision;
}

export type RunRevision = (
  sources: readonly PackedSource[],
  how: { readonly timeoutMs: number; readonly isRepeat: boolean },
) => Promise<RunReport & Pick<FinishedRun, 'told' | 'layeredImageIds'>>;

const tailLength = 2_000;
/** Read from the end of the output before it is cleaned; terminal sequences take room too. */
const tailReadLength = 20_000;
/** Where a failure is looked for: the beginning and, more of it, the end. */
const readLengths = { head: 60_000, tail: 140_000 } as const;

export type Trials = ReturnType<typeof createTrials>;

/**
 * Runs the request's command on revisions by their index and keeps what each run showed, in their order. Revisions with the
 * same files share one run, unless it is a repeat.
 */
export function createTrials(context: TryContext) {
  const { request, sandbox, store, way } = context;
  const tried: Tried[] = [];
  const finished: FinishedRun[] = [];
  let left = context.finished ?? [];
  let neighbours: Promise<readonly PackedSource[]> | undefined;
  const runRevision = context.runRevision ?? createCommandRun(context);

  const packArchive = async ({ service, digest }: SourceArchive) => {
    return sandbox.packSource(service, await store.get(digest));
  };

  async function execute(suspect: PackedSource, isRepeat: boolean): Promise<Omit<FinishedRun, 'index' | 'isRepeat'>> {
    neighbours ??= Promise.all(request.neighbours.map(packArchive));
    const sources = [suspect, ...(await neighbours)];
    const { output, ...report } = await runRevision(sources, { timeoutMs: context.runTimeoutMs, isRepeat });
    const { digest } = await store.put(output);
    const { id: imageId } = context.image;
    return { ...report, treeDigest: suspect.treeDigest, imageId, outputDigest: digest, ...(way ? { way } : {}) };
  }

  /** The same run of an earlier attempt. Attempts ask in the same order, since each step follows from the runs before. */
  function takeOver(index: number, isRepeat: boolean): FinishedRun | undefined {
    const [next, ...rest] = left;
    const isNext = next?.index === index && next.isRepeat === isRepeat;
    left = isNext ? rest : [];
    return isNext ? next : undefined;
  }

  return {
    /** Every run so far, in the order of the tries, each seen in the light of the others. */
    get tried(): readonly Tried[] {
      return weighWords(tried);
    },
    /** The run that judges a revision; a repeat runs it again though a result is known. */
    async tryIndex(index: number, { isRepeat = false } = {}): Promise<Tried> {
      const archive = request.revisions[index];
      if (!archive) throw new RangeError(`No revision ${index} among ${request.revisions.length}.`);
      const known = takeOver(index, isRepeat);
      context.report(`run ${tried.length + 1}: ${archive.revision}`, [...finished, ...(known ? [known] : []), ...left]);
      const suspect = known ? undefined : await packArchive(archive);
      const same = isRepeat ? undefined : finished.find(({ treeDigest }) => treeDigest === suspect?.treeDigest);
      const result: FinishedRun = known ?? {
        ...(same ? { ...same, durationMs: 0 } : await execute(suspect!, isRepeat)),
        index,
        isRepeat,
      };
      finished.push(result);
      const repeat = isRepeat ? tried.filter((one) => one.index === index).length : 0;
      const sameAs = same && request.revisions[same.index]?.revision;
      const one = { index, ...(await readRun(result, archive, context, { repeat, sameAs, way })) };
      tried.push(one);
      context.report(`ran ${archive.revision}`, [...finished, ...left]);
      return one;
    },
  };
}

/** The way of running a revision that is the request's own command, over all sources side by side. */
export function createCommandRun({ request, sandbox, image, signal }: CommandContext): RunRevision {
  return (sources, { timeoutMs, isRepeat }) => {
    return sandbox.run({
      incidentId: request.incidentId,
      runId: request.runId,
      imageId: image.id,
      sources,
      workService: request.workService,
      setup: request.setup,
      command: request.command,
      limits: { ...request.limits, timeoutMs },
      signal,
      isRepeat,
    });
  };
}

type CommandContext = Pick<TryContext, 'request' | 'image' | 'signal'> & {
  readonly sandbox: Pick<Sandbox, 'run'>;
};

interface Labels {
  readonly repeat: number;
  readonly sameAs: string | undefined;
  readonly way: ReproductionWay | undefined;
}

function labelRun(run: SandboxRun, { repeat, sameAs, way }: Labels): SandboxRun {
  const note = sameAs === undefined ? '' : `[same files as ${sameAs.slice(0, 12)}: not run again]\n`;
  return {
    ...run,
    ...(sameAs === undefined ? {} : { known: `same files as ${sameAs.slice(0, 12)}` }),
    outputTail: (note + run.outputTail).slice(0, tailLength),
    ...(repeat > 0 ? { repeat } : {}),
    ...(way === undefined ? {} : { way }),
  };
}

/** A finished run with what its output shows, as history and people get it. */
async function readRun(
  result: FinishedRun,
  archive: SourceArchive,
  { request, store, redact = (unchanged) => unchanged }: Pick<TryContext, 'request' | 'store' | 'redact'>,
  labels: Labels,
): Promise<Omit<Tried, 'index'>> {
  const output = await store.get(result.outputDigest);
  const failedSetup = result.failedSetup === undefined ? undefined : request.setup[result.failedSetup];
  const command = failedSetup ?? request.command;
  const run = labelRun(toRun(result, archive, command, readTail(output, result, redact)), labels);
  const { end, exitCode } = result;
  const { expected = [] } = request;
  const services = [request.suspectService, ...request.neighbours.map(({ service }) => service)];
  const hasPassed = end === 'passed';
  if (failedSetup || (hasPassed && expected.length === 0)) return { run };
  const text = redact(dropHidden(readEnds(output)));
  const printed = listPrinted(toLines(text), expected);
  const templates = printed.length === 0 ? {} : { printed: printed.map(({ template }) => template) };
  if (hasPassed) return { run, ...templates };
  const failed = { output: text, end, exitCode, workService: request.workService, services, expected };
  const show = (words: readonly FailureSignature[]): Pick<Tried, 'run' | 'shown'> => {
    const written = showFailure({ ...failed, printed: words });
    const shown = result.told ? showReplay(result.told, written) : written;
    const [signature] = shown.failures;
    const location = signature && locateSignature(request, signature, archive.revision);
    return {
      run: { ...run, match: shown.match, ...(signature ? { signature } : {}) },
      shown: { ...shown, ...(location ? { location } : {}) },
    };
  };
  return { ...show(printed), ...templates, ...(printed.length === 0 ? {} : { withoutWords: show([]) }) };
}

function toRun(
  { end, exitCode, durationMs, outputDigest, keptFrom, note, layeredImageId, layeredImageIds }: FinishedRun,
  { service, revision }: SourceArchive,
  command: readonly string[],
  outputTail: string,
): SandboxRun {
  return {
    ...{ service, revision, command, end, exitCode, durationMs, outputTail, outputDigest },
    ...(keptFrom === undefined ? {} : { known: `kept from ${keptFrom.slice(0, 16).replace('T', ' ')} UTC` }),
    ...(note === undefined ? {} : { note }),
    ...(layeredImageId === undefined ? {} : { imageDigest: layeredImageId }),
    ...(layeredImageIds === undefined ? {} : { imageDigests: layeredImageIds }),
  };
}

function readTail(output: Buffer, { end, totalBytes }: Pick<RunReport, 'end' | 'totalBytes'>, redact: Redact): string {
  const text = output.toString('utf8').slice(-tailReadLength);
  const mark = end === 'output-cut' ? `\n[ended: it had written ${totalBytes} bytes]` : '';
  return (redact(showText(text, tailReadLength)) + mark).slice(-tailLength);
}

function readEnds(output: Buffer): string {
  const { head, tail } = readLengths;
  if (output.length <= head + tail) return output.toString('utf8');
  return `${output.subarray(0, head).toString('utf8')}\n${output.subarray(-tail).toString('utf8')}`;
}
