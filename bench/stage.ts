import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { programFor } from '../src/cli/program.ts';
import { cacheFolder, childEnvironment } from '../src/config.ts';
import { endWithUs } from '../src/setup/end-with-us.ts';
import { ensureProgram } from '../src/setup/ensure-program.ts';
import { freePort } from '../src/setup/free-port.ts';
import { renderStep } from '../src/setup/progress.ts';
import { startTemporal, type TemporalServer } from '../src/setup/servers.ts';

/** What the sender of alerts shows to the gateway. */
export const senderToken = 'bench-sender';

/** A Temporal dev server as the product starts it, in a folder of this run's own. */
export interface Stage {
  readonly folder: string;
  readonly temporal: TemporalServer;
  /** The server's program and version, for the record. */
  readonly temporalVersion: string;
  stop(): Promise<void>;
}

/** @throws when there is no Temporal program and none can be had. */
export async function startStage(): Promise<Stage> {
  const found = await ensureProgram('temporal', {
    env: childEnvironment(),
    cacheFolder: cacheFolder(),
    mayFetch: true,
    onStep: (step) => process.stderr.write(`${renderStep(step)}\n`),
  });
  if (found.status === 'missing') throw new Error(`No Temporal server: ${found.reason}. ${found.remedy}`);
  if (found.path === undefined)
    throw new Error('TEMPORAL_ADDRESS is set; unset it: the bench starts a server of its own.');
  const folder = await mkdtemp(path.join(tmpdir(), 'resident-bench-'));
  const temporal = await startTemporal({
    command: found.path,
    env: childEnvironment(),
    stateFile: path.join(folder, 'temporal.db'),
    logFile: path.join(folder, 'temporal.log'),
    port: await freePort(),
    uiPort: await freePort(),
  });
  return {
    folder,
    temporal,
    temporalVersion: found.version ?? 'unknown',
    stop: async () => {
      await temporal.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A child process of the bench that talks over IPC. */
export interface BenchProcess {
  /** Sends a message and gives back the answer to it; one at a time. */
  ask<T>(message: unknown): Promise<T>;
  /** Processor time that it has used so far; undefined where there is no /proc. */
  cpuMs(): number | undefined;
  stop(): Promise<void>;
}

/**
 * Runs a TypeScript file as a process of its own, and waits for its first message.
 * @throws when it ends before that, or while it owes an answer; the error names its log.
 */
export async function startProcess<Ready>(
  stage: Stage,
  name: string,
  file: string,
  args: readonly string[] = [],
): Promise<BenchProcess & { readonly ready: Ready }> {
  const { command, args: argv, environment } = programFor(file, args);
  const logFile = path.join(stage.folder, `${name}.log`);
  const log = openSync(logFile, 'a');
  const child = spawn(command, argv, {
    stdio: ['ignore', log, log, 'ipc'],
    env: childEnvironment({
      ...environment,
      TEMPORAL_ADDRESS: stage.temporal.address,
      TEMPORAL_NAMESPACE: 'default',
      BENCH_SENDER_TOKEN: senderToken,
    }),
  });
  closeSync(log);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await exited;
    untie();
  };
  const untie = endWithUs({ stop, endNow: () => void child.kill('SIGKILL') });
  const ready = await nextMessage<Ready>(child, logFile);
  const ask = async <T>(message: unknown): Promise<T> => {
    const answer = nextMessage<T>(child, logFile);
    child.send(message as object);
    return answer;
  };
  return { ready, ask, stop, cpuMs: () => readCpuMs(child.pid) };
}

/** utime and stime of /proc/<pid>/stat (man proc_pid_stat), in ticks of 10 ms. */
function readCpuMs(pid: number | undefined): number | undefined {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return undefined;
  const fields = readFileSync(file, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function nextMessage<T>(child: ChildProcess, logFile: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const onMessage = (message: unknown): void => {
      child.off('exit', onExit);
      resolve(message as T);
    };
    const onExit = (code: number | null, signal: string | null): void => {
      child.off('message', onMessage);
      reject(new Error(`A process of the bench ended (${signal ?? `exit code ${code}`}). Its log: ${logFile}`));
    };
    child.once('message', onMessage);
    child.once('exit', onExit);
  });
}

/** The real gateway process, with a generated resident.yaml that names `services`. */
export async function startGateway(
  stage: Stage,
  services: readonly string[],
): Promise<BenchProcess & { readonly address: string }> {
  const config = path.join(stage.folder, 'resident.yaml');
  await writeFile(config, renderConfig(services));
  const gateway = await startProcess<{ listening: string }>(stage, 'gateway', 'src/gateway/main.ts', [
    '--config',
    config,
  ]);
  return { ...gateway, address: gateway.ready.listening };
}

/** Without a debounce: its timer would delay the first workflow task, which the bare program does not. */
function renderConfig(services: readonly string[]): string {
  return [
    'version: 1',
    'gateway: { listen: 127.0.0.1:0, webhooks: { alertmanager: { bearer: { env: BENCH_SENDER_TOKEN } } } }',
    'timings: { debounceSeconds: 0 }',
    'services:',
    ...services.map((service) => `  ${service}: { owner: team-bench }`),
    '',
  ].join('\n');
}
