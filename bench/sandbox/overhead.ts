import type Docker from 'dockerode';
import { buffer } from 'node:stream/consumers';
import { codeUser } from '../../src/adapters/docker/policy.ts';
import { joinSources, type PackedSource } from '../../src/adapters/docker/sources.ts';
import type { Arena } from '../../test/server/hostile/arena.ts';
import { makeTar } from '../../test/server/hostile/arena.ts';
import { median, renderSpread, type Figure } from '../figures.ts';
import { workFolder } from '../../src/domain/reproduction/frames.ts';
import type { BenchImage } from './images.ts';

/** What both sides run: the command and the source are small, so that what is measured is everything around them. */
const limits = { memoryMb: 256, cpus: 1, timeoutMs: 20_000, outputBytes: 100_000 };

export interface OverheadReport {
  readonly image: string;
  readonly oursMs: readonly number[];
  readonly rawMs: readonly number[];
}

/**
 * Create, start, sources in, one command, remove: through our adapter, and the same calls of the engine's API made raw. Both ask for
 * the same container, for what the settings cost is the engine's; ours also inspects the container and proves its confinement.
 * The sides take turns, and who begins changes each round, so that a busy machine blurs both alike.
 */
export async function measureOverhead(arena: Arena, image: BenchImage, rounds: number): Promise<OverheadReport> {
  const source = await arena.sandbox.packSource('app', await makeTar({ name: 'index.js', text: '// a source\n' }));
  const ours = () => runOurs(arena, image, source);
  const raw = () => runRaw(arena, image, source);
  await ours();
  await raw();
  const oursMs: number[] = [];
  const rawMs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const sides = [async () => oursMs.push(await timed(ours)), async () => rawMs.push(await timed(raw))];
    for (const side of round % 2 === 0 ? sides : sides.reverse()) await side();
  }
  return { image: image.name, oursMs, rawMs };
}

async function runOurs({ sandbox }: Arena, { id, command }: BenchImage, source: PackedSource): Promise<void> {
  const { end, output } = await sandbox.run({
    incidentId: 'incident/bench',
    runId: 'bench',
    imageId: id,
    sources: [source],
    workService: 'app',
    setup: [],
    command,
    limits,
    signal: new AbortController().signal,
  });
  if (end !== 'passed') throw new Error(`Our side ended ${end}: ${output.toString()}`);
}

async function runRaw(arena: Arena, { id, command }: BenchImage, source: PackedSource): Promise<void> {
  const planned = arena.plan(limits, { imageId: id });
  const container = await arena.docker.createContainer(planned);
  try {
    await container.start();
    await execRaw(container, ['tar', '-x', '-C', workFolder, '-f', '-'], '/', joinSources([source]));
    await execRaw(container, command, `${workFolder}/app`);
  } finally {
    await container.remove({ force: true, v: true });
  }
}

async function execRaw(
  container: Docker.Container,
  command: readonly string[],
  folder: string,
  stdin?: Buffer,
): Promise<void> {
  const isFed = stdin !== undefined;
  const exec = await container.exec({
    Cmd: [...command],
    User: codeUser,
    WorkingDir: folder,
    AttachStdin: isFed,
    AttachStdout: true,
    AttachStderr: true,
  });
  const stream = await exec.start({ hijack: true, stdin: isFed });
  if (isFed) stream.end(stdin);
  const output = await buffer(stream);
  for (;;) {
    const { Running, ExitCode } = await exec.inspect();
    if (Running) continue;
    if (ExitCode === 0) return;
    throw new Error(`The raw side ended with ${ExitCode}: ${output.toString()}`);
  }
}

async function timed(act: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await act();
  return performance.now() - startedAt;
}

/** The median over the rounds of ours divided by raw; its spread is the middle half of them. */
export function toOverheadFigure({ image, oursMs, rawMs }: OverheadReport): Figure {
  const ratios = oursMs.map((ms, round) => ms / rawMs[round]!).sort((a, b) => a - b);
  const quarter = Math.floor(ratios.length / 4);
  return {
    name: `one run in ${image}: create, start, sources, command, remove`,
    measured: `${Math.round(median(oursMs))} ms`,
    bare: `${Math.round(median(rawMs))} ms`,
    value: median(ratios),
    spread: renderSpread(ratios.slice(quarter, ratios.length - quarter)),
    target: { atMost: 1.1 },
  };
}
