/**
 * Reproduces QuixBugs' Python programs in the sandbox: `npx tsx bench/yardsticks/quixbugs.ts [--verbose] [program…]`. Each program becomes
 * a Git repository whose history goes from the right program to the buggy one among harmless commits, and a service in a
 * resident.yaml whose test command is the program's own pytest file. Reads the folder `quixbugs` under RESIDENT_YARDSTICKS and skips,
 * saying so, when that is unset. Needs a Docker engine, and once a package registry for pytest,
 * which is named in each service's requirements.txt.
 */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Reproduction } from '../../src/domain/reproduction/reproduction.ts';
import { git } from './git.ts';
import { openProduct } from './product.ts';

const verbose = process.argv.includes('--verbose');
const wanted = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const root = process.env['RESIDENT_YARDSTICKS'];
const data = path.join(root ?? '', 'quixbugs');
if (root === undefined || !existsSync(data)) {
  console.log('quixbugs: skipped, RESIDENT_YARDSTICKS does not point to a folder that holds it.');
} else {
  await main();
}

interface Service {
  readonly program: string;
  readonly source: string;
  readonly base: string;
  readonly bug: string;
  readonly head: string;
}

async function main(): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'resident-quixbugs-'));
  try {
    const programs = readdirSync(path.join(data, 'python_testcases'))
      .flatMap((name) => /^test_(\w+)\.py$/.exec(name)?.[1] ?? [])
      .filter((name) => wanted.length === 0 || wanted.includes(name));
    const services = programs.map((program, index) => makeService(folder, program, index));
    const product = openProduct(path.join(folder, 'product'), Object.fromEntries(services.map(toEntry)));
    const ready = await product.preflight();
    if (!ready.ok) {
      console.log(`quixbugs: skipped, there is no Docker engine to run in (${ready.reason})`);
      return;
    }
    if (services[0]) await product.prepare(nameOf(services[0]), services[0].base);
    await scoreAll(services, product.reproduce);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function scoreAll(services: readonly Service[], reproduce: ReturnType<typeof openProduct>['reproduce']) {
  const scores: Score[] = [];
  for (const service of services) {
    const startedAt = performance.now();
    const result = await reproduce({
      ...{ service: nameOf(service), suspectService: nameOf(service) },
      ...{ suspect: service.head, before: service.base },
    });
    const score = judge(service, result);
    scores.push(score);
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    const marks = [score.verdict, score.firstBad, score.frame ?? score.verdict].every(Boolean) ? 'right' : 'WRONG';
    console.log(
      `${service.program.padEnd(28)} ${marks}  ${result.verdict}, ${score.end}, ${result.runs.length} runs, ${seconds} s`,
    );
    if (verbose || marks === 'WRONG') console.log(describe(service, result));
  }
  const count = (pick: (score: Score) => boolean | undefined) => scores.filter(pick).length;
  const framed = count(({ frame }) => frame !== undefined);
  console.log(
    `\nquixbugs: verdict right ${count(({ verdict }) => verdict)} of ${scores.length}, first bad commit right ${count(({ firstBad }) => firstBad)} of ${scores.length}, ` +
      `crash frame to the right file ${count(({ frame }) => frame)} of ${framed} with a traceback through it, ended by the time limit ${count(({ end }) => end === 'timed-out')}`,
  );
}

interface Score {
  readonly verdict: boolean;
  readonly firstBad: boolean;
  /** Absent where the output shows no traceback through the program: the assertion of a test. */
  readonly frame?: boolean;
  readonly end: string;
}

/** Right: each run from the bug on failed, each run before it passed, and the bug's commit is named. */
function judge({ program, bug, base, source }: Service, result: Reproduction): Score {
  const order = git(source, 'rev-list', '--topo-order', '--reverse', 'HEAD').split('\n');
  const isBuggy = (revision: string) => order.indexOf(revision) >= order.indexOf(bug);
  const isRight = result.runs.every(({ revision, end }) => (end === 'passed') !== isBuggy(revision));
  const shown = result.runs.filter(({ end }) => end !== 'passed');
  const file = `python_programs/${program}.py`;
  const crashed = shown.some(({ outputTail }) => outputTail.includes(`${file}:`));
  const frame = shown.some(({ signature }) => signature?.frames[0]?.file.endsWith(file));
  return {
    verdict: result.verdict === 'reproduced' && isRight && result.runs.length > 0 && base !== bug,
    firstBad: result.firstBad === bug,
    ...(crashed ? { frame } : {}),
    end: shown[0]?.end ?? 'passed',
  };
}

function describe({ bug }: Service, { reason, firstBad, runs }: Reproduction): string {
  const rows = runs.map(
    ({ revision, end, durationMs, signature }) =>
      `    ${revision.slice(0, 8)} ${end} ${durationMs} ms ${signature ? JSON.stringify(signature).slice(0, 220) : ''}`,
  );
  return [`  ${reason} first bad ${firstBad?.slice(0, 8) ?? 'none'}, truth ${bug.slice(0, 8)}`, ...rows].join('\n');
}

function nameOf({ program }: Pick<Service, 'program'>): string {
  return program.replaceAll('_', '-');
}

function toEntry(service: Service) {
  const test = [
    'python',
    '-m',
    'pytest',
    '-q',
    '-p',
    'no:cacheprovider',
    `python_testcases/test_${service.program}.py`,
  ];
  const sandbox = { image: 'python', test, timeoutSeconds: 30 };
  return [nameOf(service), { source: service.source, language: 'python', sandbox }] as const;
}

/** Eight to twelve commits; the bug's place among them, and whether a branch is merged after it, go by the program's number. */
function makeService(folder: string, program: string, index: number): Service {
  const source = path.join(folder, 'services', program);
  for (const name of ['python_programs', 'python_testcases', 'json_testcases']) {
    mkdirSync(path.join(source, name), { recursive: true });
  }
  const copy = (from: string, to = from) => {
    if (existsSync(path.join(data, from))) copyFileSync(path.join(data, from), path.join(source, to));
  };
  const commit = (subject: string) => {
    git(source, 'add', '--all');
    git(source, 'commit', '--quiet', '--message', subject);
    return git(source, 'rev-parse', 'HEAD');
  };
  const note = (n: number) => {
    writeFileSync(path.join(source, `notes-${n}.md`), `Note ${n} on ${program}.\n`);
    return commit(`Add note ${n}`);
  };
  git(folder, 'init', '--quiet', '--initial-branch=main', source);
  copy(`correct_python_programs/${program}.py`, `python_programs/${program}.py`);
  copy('python_programs/node.py');
  for (const name of [`test_${program}.py`, 'load_testdata.py', 'node.py']) copy(`python_testcases/${name}`);
  copy(`json_testcases/${program}.json`);
  copy('conftest.py');
  writeFileSync(path.join(source, 'requirements.txt'), 'pytest==9.2.0\n');
  const base = commit('Begin');
  const before = 1 + (index % 5);
  for (let n = 1; n <= before; n += 1) note(n);
  copy(`python_programs/${program}.py`);
  const bug = commit(`Rework ${program}`);
  if (index % 3 === 0) {
    git(source, 'checkout', '--quiet', '-b', 'notes', 'HEAD~1');
    note(50);
    git(source, 'checkout', '--quiet', 'main');
    git(source, 'merge', '--quiet', '--no-ff', '--message', 'Merge notes', 'notes');
  }
  for (let n = 0; n < 6 - (index % 4); n += 1) note(100 + n);
  return { program, source, base, bug, head: git(source, 'rev-parse', 'HEAD') };
}
