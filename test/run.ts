import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import path from 'node:path';
import { createImageBuilder } from '../src/adapters/image-builder/builder.ts';
import { cacheFolder, childEnvironment } from '../src/config.ts';
import { ensureProgram, type Ensured } from '../src/setup/ensure-program.ts';
import { whenOrphaned } from '../src/setup/orphaned.ts';
import { renderDuration, renderStep } from '../src/setup/progress.ts';
import { programNames, type ProgramName } from '../src/setup/programs.ts';
import { startDocker } from '../src/setup/servers.ts';

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/**
 * Sets up the outside programs and a Docker engine, and runs vitest with what was found. What cannot be had is said here, and
 * the tests that need it skip aloud.
 * @returns the exit code of vitest.
 */
export async function runTests(args: readonly string[]): Promise<number> {
  const startedAt = Date.now();
  const found: Partial<Record<ProgramName, Ensured>> = {};
  for (const name of programNames) found[name] = await ensure(name);
  const docker = await openDocker(found.docker);
  try {
    const code = await runVitest(args, describeFound(found, docker?.address));
    say(`tests ended with ${code} after ${renderDuration(Date.now() - startedAt)}`);
    return code;
  } finally {
    await docker?.stop();
  }
}

async function ensure(name: ProgramName): Promise<Ensured> {
  const ensured = await ensureProgram(name, {
    env: childEnvironment(),
    cacheFolder: cacheFolder(),
    mayFetch: true,
    onStep: (step) => say(renderStep(step)),
  });
  if (ensured.status === 'ready') say(`✓ ${name} ${ensured.version}: ${ensured.path ?? ensured.address ?? ''}`);
  else say(`✗ ${name}: ${ensured.reason}. Tests that need it are SKIPPED.`);
  return ensured;
}

async function openDocker(found: Ensured | undefined): Promise<{ address: string; stop(): Promise<void> } | undefined> {
  if (found?.status !== 'ready') return undefined;
  const startedAt = Date.now();
  try {
    const engine = found.address
      ? { address: found.address, stop: async () => {} }
      : await startDocker({
          command: found.path ?? '',
          env: childEnvironment(),
          dataRoot: path.join(cacheFolder(), 'docker'),
        });
    const image = await createImageBuilder({ address: { dockerHost: engine.address } }).ensureImage('node');
    say(`✓ Docker engine at ${engine.address}, sandbox image ${image.tag} … ${renderDuration(Date.now() - startedAt)}`);
    return engine;
  } catch (error) {
    say(`✗ Docker engine: ${error instanceof Error ? error.message : String(error)}. Tests that need it are SKIPPED.`);
    return undefined;
  }
}

function describeFound(
  found: Partial<Record<ProgramName, Ensured>>,
  dockerHost: string | undefined,
): Record<string, string> {
  const pathOf = (name: ProgramName): string => {
    const ensured = found[name];
    return ensured?.status === 'ready' ? (ensured.path ?? '') : '';
  };
  const all = {
    RESIDENT_TEST_TEMPORAL: pathOf('temporal'),
    RESIDENT_TEST_PROMETHEUS: pathOf('prometheus'),
    RESIDENT_TEST_ALERTMANAGER: pathOf('alertmanager'),
    RESIDENT_TEST_JAEGER: pathOf('jaeger'),
    DOCKER_HOST: dockerHost ?? '',
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''));
}

/** Ctrl-C reaches vitest as well; we end when it has. */
function runVitest(args: readonly string[], environment: Record<string, string>): Promise<number> {
  const vitest = path.join(path.dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
  const child = spawn(process.execPath, [vitest, 'run', ...args], {
    stdio: 'inherit',
    cwd: path.resolve(import.meta.dirname, '..'),
    // A key in the environment must not make a test call out.
    env: { ...childEnvironment(environment), ANTHROPIC_API_KEY: '' },
  });
  const handOn = (signal: NodeJS.Signals) => () => child.kill(signal);
  process.on('SIGTERM', handOn('SIGTERM'));
  process.on('SIGHUP', handOn('SIGHUP'));
  process.on('SIGINT', () => undefined);
  whenOrphaned(() => child.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
}
