import { loadavg } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { EngineAddress } from '../../src/adapters/docker/engine.ts';
import { findDocker } from '../../src/cli/servers.ts';
import { openArena, type Arena } from '../../test/server/hostile/arena.ts';
import { isMet, renderTable, type Figure } from '../figures.ts';
import { describeMachine, keepResults } from '../record.ts';
import { measureCrowd, toCrowdFigures } from './crowd.ts';
import { makeTinyImage, removeTinyImage } from './images.ts';
import { measureOverhead, toOverheadFigure } from './overhead.ts';
import { isSafe, renderAblation, renderCases, renderTotals, runAblations, runCases, sumUp } from './safety.ts';

const help = `npm run bench:sandbox -- [options]

Tries to break the sandbox of this machine's Docker engine, and measures what it costs: the engine that DOCKER_HOST names, one that
runs at a usual socket, or Resident's own, as 'resident up' finds it. Needs gcc.

  --only PART     safety, overhead or crowd; may be given more than once
  --rounds N      rounds of the overhead (30)
  --help          this text

Ends with 1 when a case gets through, a control does not bite, the absence of a setting goes unnoticed, or a target is missed.
Raw results: bench/results/sandbox-<time>.json
`;

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: ['safety', 'overhead', 'crowd'] },
    rounds: { type: 'string', default: '30' },
    help: { type: 'boolean', default: false },
  },
});

const crowdSize = 50;

async function run(): Promise<boolean> {
  const engine = await findDocker({ mayInstall: true, say });
  if (!engine) throw new Error('There is no Docker engine to measure: start one, or point DOCKER_HOST to it.');
  say(`engine: ${engine.host}`);
  try {
    return await measure({ dockerHost: engine.host });
  } finally {
    await engine.stop();
  }
}

async function measure(address: EngineAddress): Promise<boolean> {
  const arena = await openArena(address);
  if ('missing' in arena) throw new Error(arena.missing);
  const raw: Record<string, unknown> = {
    at: new Date().toISOString(),
    machine: describeMachine(),
    engine: arena.engine,
  };
  try {
    const isHeld = !options.only.includes('safety') || (await proveSafety(arena, raw));
    const figures: Figure[] = [];
    if (options.only.includes('overhead')) figures.push(...(await measureCosts(arena, raw)));
    if (options.only.includes('crowd')) {
      say(`crowd: ${crowdSize} reproductions at once …`);
      const crowd = await measureCrowd(address, crowdSize);
      raw['crowd'] = crowd;
      crowd.faults.forEach(say);
      figures.push(...toCrowdFigures(crowd));
    }
    raw['figures'] = figures.map((figure) => ({ ...figure, met: isMet(figure) }));
    raw['loadAfter'] = loadavg();
    if (figures.length > 0) print(`${renderTable(figures, 'raw API')}\n`);
    print(`Raw results: ${path.relative(process.cwd(), await keepResults(raw, 'sandbox-'))}`);
    return isHeld && figures.every(isMet);
  } finally {
    await arena.close();
  }
}

async function proveSafety(arena: Arena, raw: Record<string, unknown>): Promise<boolean> {
  say('safety: hostile cases, each in the sandbox and in a weak container …');
  const cases = await runCases(arena, ({ number, blocked }) => process.stderr.write(blocked ? '.' : ` ${number} `));
  say('\nsafety: each setting taken away once …');
  const ablations = await runAblations(arena);
  const totals = sumUp(cases, ablations);
  Object.assign(raw, { cases, ablations, totals });
  for (const { number, seen, blocked } of cases) if (!blocked) say(`case ${number} got through: ${seen}`);
  for (const { number, controlSeen, control } of cases) {
    if (control === 'missed') say(`the control of case ${number} did not bite: ${controlSeen}`);
  }
  print(`${renderCases(cases)}\n\n${renderAblation(ablations)}\n\n${renderTotals(totals)}\n`);
  return isSafe(totals);
}

async function measureCosts(arena: Arena, raw: Record<string, unknown>): Promise<Figure[]> {
  const node = { name: 'the node image', id: arena.imageId, command: ['node', '-e', '0'] };
  const tiny = await makeTinyImage(arena.docker);
  try {
    const reports = [];
    for (const image of [tiny, node]) {
      say(`overhead: ${options.rounds} rounds in ${image.name} …`);
      reports.push(await measureOverhead(arena, image, Number(options.rounds)));
    }
    raw['overhead'] = reports;
    return reports.map(toOverheadFigure);
  } finally {
    await removeTinyImage(arena.docker);
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

if (options.help) print(help);
else {
  process.exitCode = await run().then(
    (isGood) => (isGood ? 0 : 1),
    (error: unknown) => {
      say(`bench:sandbox: ${error instanceof Error ? error.message : String(error)}`);
      return 1;
    },
  );
}
