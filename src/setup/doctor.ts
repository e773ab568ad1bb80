import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { hasCode } from './errors.ts';
import { findOnPath } from './find-on-path.ts';
import { inspectSandbox } from './inspect-sandbox.ts';
import { lookForEngine, ownDockerHost, type EngineOptions } from './look-for-engine.ts';
import { lookFor, type Found, type LookOptions } from './look-for.ts';
import { findNoWay, type OpenWaysOptions } from './open-ways.ts';
import { askDocker } from './probe.ts';
import { programNames, programs, type ProgramName } from './programs.ts';
import { runCommand } from './run-command.ts';

/** One line of what this machine has: JSON-safe, printed by `resident doctor` as a table or with `--json`. */
export interface DoctorRow {
  readonly name: string;
  readonly found: boolean;
  readonly version: string;
  /** Where it was found, or why it was not. */
  readonly where: string;
  readonly costsWithout: string;
  readonly remedy: string;
  /** What works and is weaker than it could be. */
  readonly warnings?: readonly string[];
  /** Why nothing can work on this machine, where this is missing and cannot be had. */
  readonly stopsEverything?: string;
}

export interface DoctorOptions extends OpenWaysOptions, EngineOptions {
  /** What sandbox images are tagged with, before the colon and the language. */
  readonly imageRepository?: string;
}

/** Looks at everything that Resident can use, and changes nothing. */
export async function inspect(options: DoctorOptions): Promise<readonly DoctorRow[]> {
  const [node, git, sandbox, image, ...others] = await Promise.all([
    inspectNode(),
    inspectGit(options),
    inspectSandbox(options),
    inspectImages(options),
    ...programNames
      .filter((name) => !programs[name].isOnlyForTests)
      .map((name) => inspectors[name]?.(options) ?? inspectProgram(name, options)),
  ]);
  return [node, git, ...others, ...(sandbox ? [sandbox] : []), image, inspectModelKey(options)];
}

/** The rows as a table, and below it what each missing thing costs and what to do about it. */
export function renderDoctor(rows: readonly DoctorRow[]): string {
  const width = (pick: (row: DoctorRow) => string) => Math.max(...rows.map((row) => pick(row).length));
  const names = width((row) => row.name);
  const versions = width((row) => row.version);
  const table = rows.map((row) =>
    `${row.found ? '✓' : '✗'} ${row.name.padEnd(names)}  ${row.version.padEnd(versions)}  ${row.where}`.trimEnd(),
  );
  const lacking = rows.filter((row) => !row.found);
  const advice = lacking.flatMap((row) => [
    '',
    `${row.name}`,
    `  without it: ${row.costsWithout}`,
    `  to do: ${row.remedy}`,
  ]);
  const warned = rows.flatMap(({ name, warnings = [] }) =>
    warnings.length > 0 ? ['', name, ...warnings.map((warning) => `  warning: ${warning}`)] : [],
  );
  return [...table, ...advice, ...warned].join('\n');
}

const inspectors: Partial<Record<ProgramName, (options: DoctorOptions) => Promise<DoctorRow>>> = {
  temporal: inspectTemporal,
  docker: inspectDocker,
};

/** Where the engine would be ours to start, its address is told as well: whoever looks for that engine needs it. */
async function inspectDocker(options: DoctorOptions): Promise<DoctorRow> {
  const row = await inspectProgram('docker', options);
  const engine = await lookForEngine(options);
  if (engine && !engine.isOurs) return row;
  if (engine)
    return { ...row, found: true, version: engine.version, where: `${engine.address} (Resident's own, runs now)` };
  return row.found ? { ...row, where: `${row.where}; started when needed, at ${ownDockerHost(options)}` } : row;
}

/** Without a Temporal server, and without a way to one, nothing works. */
async function inspectTemporal(options: DoctorOptions): Promise<DoctorRow> {
  const row = await inspectProgram('temporal', options);
  if (row.found) return row;
  // A server that the environment names and that does not answer is a choice: nothing else is tried.
  const noWay = options.env['TEMPORAL_ADDRESS'] ? row.where : await findNoWay('temporal', options);
  return noWay === undefined ? row : { ...row, stopsEverything: `no Temporal server, and no way to one: ${noWay}` };
}

/** What looking found for one program, without fetching or starting it. */
export async function inspectProgram(name: ProgramName, options: LookOptions): Promise<DoctorRow> {
  const { title, costsWithout, remedy, ways } = programs[name];
  const look = await lookFor(name, options);
  const base = { name: title, costsWithout, remedy };
  if (look.is === 'found') return { ...base, found: true, version: look.found.version, where: describe(look.found) };
  if (look.is === 'blocked') return { ...base, found: false, version: '', where: look.reason };
  const fetching = ways.some((way) => way.kind === 'download') ? '; it is fetched when first needed' : '';
  return { ...base, found: false, version: '', where: `${look.reasons.join('; ')}${fetching}` };
}

function describe(found: Found): string {
  switch (found.how) {
    case 'environment':
      return `${found.address ?? ''} (environment)`;
    case 'running':
      return `${found.address ?? ''} (running)`;
    case 'path':
      return `${found.path ?? ''} (PATH)`;
    case 'cache':
    case 'download':
    case 'debian':
    case 'go':
      return `${found.path ?? ''} (Resident's cache)`;
  }
}

async function inspectNode(): Promise<DoctorRow> {
  return {
    name: 'Node',
    found: true,
    version: process.versions.node,
    where: process.execPath,
    costsWithout: 'nothing works',
    remedy: 'install Node 20.19 or later (https://nodejs.org)',
  };
}

async function inspectGit({ env }: DoctorOptions): Promise<DoctorRow> {
  const file = await findOnPath(['git'], env);
  const told = file ? await runCommand(file, ['--version'], { env, limitMs: 10_000 }) : undefined;
  return {
    name: 'Git',
    found: told?.ok ?? false,
    version: /version (\S+)/.exec(told?.output ?? '')?.[1] ?? '',
    where: file ?? 'git not on the PATH',
    costsWithout: 'no commits in the evidence, no reproduction, no lessons',
    remedy: 'install Git (Debian: apt-get install git; macOS: xcode-select --install)',
  };
}

function inspectModelKey({ env }: DoctorOptions): DoctorRow {
  const isSet = Boolean(env['ANTHROPIC_API_KEY']);
  return {
    name: 'Model key',
    found: isSet,
    version: '',
    where: isSet ? 'ANTHROPIC_API_KEY (environment)' : 'ANTHROPIC_API_KEY is not set',
    costsWithout: 'the built-in analyst works alone',
    remedy: 'set ANTHROPIC_API_KEY, if a model may see your evidence',
  };
}

async function inspectImages(options: DoctorOptions): Promise<DoctorRow> {
  const repository = options.imageRepository ?? 'resident-sandbox';
  const tags = (await listTags(options)).filter(
    (tag) => tag.startsWith(`${repository}/`) || tag.startsWith(`${repository}:`),
  );
  return {
    name: 'Sandbox images',
    found: tags.length > 0,
    version: '',
    where: tags.length > 0 ? tags.join(', ') : 'none yet: built from this machine when first needed',
    costsWithout: 'the first reproduction takes longer',
    remedy: 'run `resident images build`, with a Docker engine at hand',
  };
}

/** Tags of the engine that runs, else those that our own engine wrote into its data root when it ran. */
async function listTags(options: DoctorOptions): Promise<readonly string[]> {
  const address = (await lookForEngine(options))?.address;
  if (address?.startsWith('unix://')) {
    const text = await askDocker(address.slice('unix://'.length), '/images/json');
    const images = JSON.parse(text ?? '[]') as readonly { readonly RepoTags?: readonly string[] | null }[];
    return images.flatMap((image) => image.RepoTags ?? []);
  }
  const folder = path.join(options.dockerDataRoot ?? path.join(options.cacheFolder, 'docker'), 'image');
  const drivers = await readdir(folder).catch(none);
  const files = drivers.map((driver) => readFile(path.join(folder, driver, 'repositories.json'), 'utf8').catch(none));
  return (await Promise.all(files)).flatMap((text) => (typeof text === 'string' ? tagsOf(text) : []));
}

function tagsOf(repositoriesJson: string): readonly string[] {
  const { Repositories = {} } = JSON.parse(repositoriesJson) as {
    readonly Repositories?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  };
  return Object.values(Repositories).flatMap((tags) => Object.keys(tags).filter((tag) => !tag.includes('@')));
}

/** A folder or file that is not there, or that root keeps to himself, tells of no images. */
function none(error: unknown): [] {
  if (hasCode(error, 'ENOENT') || hasCode(error, 'EACCES')) return [];
  throw error;
}
