import { createHash } from 'node:crypto';
import { createRunReproduction } from '../../src/activities/sandbox/run-reproduction.ts';
import { openEngine, type EngineAddress } from '../../src/adapters/docker/engine.ts';
import { labels } from '../../src/adapters/docker/policy.ts';
import { createDockerSandbox } from '../../src/adapters/docker/sandbox.ts';
import { createImageBuilder } from '../../src/adapters/image-builder/builder.ts';
import type { ReproductionVerdict, SandboxRequest, SourceArchive } from '../../src/domain/reproduction/reproduction.ts';
import { makeTar } from '../../test/server/hostile/arena.ts';
import type { Figure } from '../figures.ts';

export interface CrowdReport {
  readonly asked: number;
  readonly right: number;
  /** What was wrong with the others. */
  readonly faults: readonly string[];
  readonly runs: number;
  readonly poolSize: number;
  /** Most sandboxes that the engine held at one moment. */
  readonly mostAtOnce: number;
  readonly left: number;
  readonly durationMs: number;
}

const incidentId = 'incident/bench-crowd';
const engineLookMs = 100;

/**
 * Many reproductions that arrive at the same moment at one worker, through the activity that the product runs. Half of them must
 * end `reproduced`, half `not-reproduced`, and each must have its own output.
 */
export async function measureCrowd(address: EngineAddress, count: number): Promise<CrowdReport> {
  const images = createImageBuilder({ address });
  const logger = { warn: () => undefined, info: () => undefined };
  const sandbox = createDockerSandbox({ address, images, logger });
  const { store, put } = makeStore();
  const context = () => ({
    signal: new AbortController().signal,
    heartbeat: () => undefined,
    remainingMs: () => Number.POSITIVE_INFINITY,
  });
  const reproduce = createRunReproduction({ sandbox, store, context });
  const watch = watchEngine(address);
  const startedAt = performance.now();
  const answers = await Promise.allSettled(
    Array.from({ length: count }, async (_unused, index) => {
      const wanted: ReproductionVerdict = index % 2 === 0 ? 'reproduced' : 'not-reproduced';
      const request = await makeRequest(index, wanted, put);
      const { verdict, reason, runs } = await reproduce(request);
      const isOwn = runs.length > 0 && runs.every(({ outputTail }) => outputTail.includes(`reproduction ${index}.`));
      const fault = verdict === wanted ? 'the output of another' : `${verdict} instead of ${wanted}: ${reason}`;
      return { runs: runs.length, ...(verdict === wanted && isOwn ? {} : { fault: `${index}: ${fault}` }) };
    }),
  );
  const durationMs = performance.now() - startedAt;
  const { mostAtOnce, left } = await watch.stop();
  const faults = answers.flatMap((answer, index) => {
    if (answer.status === 'rejected') return [`${index}: ${String(answer.reason)}`];
    return answer.value.fault === undefined ? [] : [answer.value.fault];
  });
  const runs = answers.reduce((sum, answer) => sum + (answer.status === 'fulfilled' ? answer.value.runs : 0), 0);
  return {
    asked: count,
    right: count - faults.length,
    faults,
    runs,
    poolSize: sandbox.concurrent,
    mostAtOnce,
    left,
    durationMs,
  };
}

async function makeRequest(
  index: number,
  wanted: ReproductionVerdict,
  put: (service: string, revision: string, tar: Buffer) => SourceArchive,
): Promise<SandboxRequest> {
  const service = `service-${index}`;
  const revisions = await Promise.all(
    [0, 1].map(async (revision) => {
      const exit = wanted === 'reproduced' ? revision : 0;
      const text = `console.log('reproduction ${index}.'); process.exitCode = ${exit}; // revision ${revision}\n`;
      return put(service, String(revision).repeat(40), await makeTar({ name: 'check.js', text }));
    }),
  );
  return {
    incidentId,
    runId: `bench-crowd-${index}`,
    image: 'node',
    workService: service,
    setup: [],
    command: ['node', 'check.js'],
    suspectService: service,
    revisions,
    suspectIndex: 1,
    neighbours: [],
    limits: { memoryMb: 256, cpus: 1, timeoutMs: 60_000, outputBytes: 100_000 },
  };
}

function makeStore() {
  const bodies = new Map<string, Buffer>();
  const keep = (content: Uint8Array | string) => {
    const bytes = Buffer.from(content);
    const digest = createHash('sha256').update(bytes).digest('hex');
    bodies.set(digest, bytes);
    return { digest, bytes: bytes.length };
  };
  return {
    store: {
      put: async (content: Uint8Array | string) => keep(content),
      get: async (digest: string) => bodies.get(digest)!,
    },
    put: (service: string, revision: string, tar: Buffer) => ({ service, revision, ...keep(tar) }),
  };
}

/** Asks the engine itself how many sandboxes it holds. */
function watchEngine(address: EngineAddress) {
  const docker = openEngine(address);
  const count = async () => {
    const label = [`${labels.sandbox}=${incidentId}`];
    return (await docker.listContainers({ all: true, filters: { label } })).length;
  };
  let mostAtOnce = 0;
  let isStopped = false;
  const looking = (async () => {
    while (!isStopped) {
      mostAtOnce = Math.max(mostAtOnce, await count());
      await new Promise((resolve) => setTimeout(resolve, engineLookMs));
    }
  })();
  return {
    async stop() {
      isStopped = true;
      await looking;
      return { mostAtOnce, left: await count() };
    },
  };
}

export function toCrowdFigures(report: CrowdReport): Figure[] {
  const { asked, right, poolSize, mostAtOnce, left, runs, durationMs } = report;
  const seconds = durationMs / 1000;
  return [
    {
      name: `${asked} reproductions at once that end right`,
      measured: `${runs} runs in ${seconds.toFixed(1)} s`,
      bare: '',
      value: right,
      spread: `${(runs / seconds).toFixed(1)} runs/s`,
      target: { atLeast: asked },
    },
    {
      name: `sandboxes at one moment, with a pool of ${poolSize}`,
      measured: String(mostAtOnce),
      bare: '',
      value: mostAtOnce,
      spread: '',
      target: { atMost: poolSize },
    },
    { name: 'sandboxes left behind', measured: String(left), bare: '', value: left, spread: '', target: { atMost: 0 } },
  ];
}
