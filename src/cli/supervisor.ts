import { workerEnvironment } from '../config.ts';
import type { ResidentSettings } from '../domain/settings.ts';
import { identityOf, isSameProcess, type ProcessIdentity } from '../setup/process-identity.ts';
import { CommandEnd, exitCodes } from './exit.ts';
import { endLeftovers } from './leftovers.ts';
import { keepPlace, readPlace, readRunFile, removeRunFile, writeRunFile, type RunFile } from './run-file.ts';
import { keepServer, type StartServer } from './keep-server.ts';
import type { EngineAtHand } from './servers.ts';
import { startChild, type ChildParts } from './start-child.ts';
import { planWorkers, type WorkerSurroundings } from './worker-processes.ts';

export interface SupervisorParts {
  readonly settings: ResidentSettings;
  readonly namespace: string;
  /** A Temporal that is not ours; without it `startTemporal` starts one. */
  readonly temporalAddress?: string;
  readonly startTemporal: StartServer;
  /** Undefined when no sandbox is wanted. Gives undefined when there is no engine, after saying so. */
  readonly findDocker?: () => Promise<EngineAtHand | undefined>;
  readonly say: (text: string) => void;
}

export interface Supervisor {
  /** What runs, as written to run.json. */
  readonly run: () => RunFile;
  /** Ends everything that it started, newest first, and removes run.json. */
  stop(): Promise<void>;
  /** Settles when a part cannot start and was given up, with what to tell. */
  readonly failed: Promise<CommandEnd>;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Starts what one machine needs, and keeps it running: a Temporal server where none is given, the workers, the gateway.
 * It holds no state of incidents: killed at any moment, the next one takes up where this one was.
 * @throws CommandEnd when another supervisor works in the same state folder.
 */
export async function supervise(parts: SupervisorParts): Promise<Supervisor> {
  const { settings, say } = parts;
  const previous = await takeOver(settings.stateFolder, say);
  const run: Mutable<RunFile> = {
    startedAt: new Date().toISOString(),
    supervisor: identityOf(process.pid),
    processes: {},
  };
  const record = (change: Partial<RunFile>) => {
    Object.assign(run, change);
    writeRunFile(settings.stateFolder, run);
  };
  const note = (role: string, identity: ProcessIdentity) =>
    record({ processes: { ...run.processes, [role]: identity } });
  record({});
  let fail: (why: CommandEnd) => void = () => undefined;
  const failed = new Promise<CommandEnd>((resolve) => (fail = resolve));

  const parting: (() => Promise<void>)[] = [];
  let isStopping = false;
  const endNow = () => endAtOnce(run, { settings, say, isStopping });
  process.once('exit', endNow);
  const stop = async () => {
    isStopping = true;
    for (const end of parting.splice(0).reverse()) await end();
    process.off('exit', endNow);
    removeRunFile(settings.stateFolder);
  };
  try {
    const address = parts.temporalAddress ?? (await startTemporal());
    if (parts.temporalAddress) record({ temporal: { address, namespace: parts.namespace } });
    const docker = await parts.findDocker?.();
    if (docker) {
      parting.push(() => docker.stop());
      record({ docker: { address: docker.host, isOurs: docker.isOurs } });
    }
    const dockerHost = parts.findDocker ? docker?.host : 'none';
    const child = { settings, say, note, fail };
    parting.push(startWorkers({ temporalAddress: address, dockerHost }, child));
    const environment = workerEnvironment('others', { TEMPORAL_ADDRESS: address });
    parting.push(await startGateway({ ...child, environment }, record, failed));
  } catch (error) {
    await stop();
    throw error;
  }
  return { run: () => run, stop, failed };

  async function startTemporal(): Promise<string> {
    const before = previous?.temporal ?? readPlace(settings.stateFolder);
    const server = await keepServer('temporal', parts.startTemporal, {
      say,
      ...(before ? { before } : {}),
      onStart: (started) => {
        note('temporal', identityOf(started.pid));
        const ui = started.uiAddress ? { uiAddress: started.uiAddress } : {};
        record({ temporal: { address: started.address, namespace: parts.namespace, ...ui } });
        keepPlace(settings.stateFolder, run.temporal);
      },
    });
    parting.push(() => server.stop());
    return server.address;
  }
}

/**
 * The gateway says where it listens; started again it gets the same port, which senders know.
 * @returns what ends it.
 * @throws CommandEnd when it, or a worker, cannot start.
 */
async function startGateway(
  parts: Omit<ChildParts, 'onMessage'>,
  record: (change: Partial<RunFile>) => void,
  failed: Promise<CommandEnd>,
): Promise<() => Promise<void>> {
  let address: string | undefined;
  let listening = (): void => undefined;
  const isListening = new Promise<void>((resolve) => (listening = resolve));
  const listen = () => (address ? ['--listen', new URL(address).host] : []);
  const onMessage = (message: unknown) => {
    address = (message as { listening?: string }).listening ?? address;
    if (!address) return;
    record({ gateway: { address } });
    listening();
  };
  const gateway = startChild('gateway', 'src/gateway/main.ts', listen, { ...parts, onMessage });
  const limit = setTimeout(listening, 20_000);
  const trouble = await Promise.race([isListening, failed]);
  clearTimeout(limit);
  if (!trouble) return () => gateway.stop();
  await gateway.stop();
  throw trouble;
}

/** @returns what ends them, all at once. */
function startWorkers(surroundings: WorkerSurroundings, child: Omit<ChildParts, 'environment'>): () => Promise<void> {
  const workers = planWorkers(surroundings).map(({ name, program, roles, environment }) =>
    startChild(name, program, () => ['--roles', roles.join()], { ...child, environment }),
  );
  return async () => void (await Promise.all(workers.map((worker) => worker.stop())));
}

/** Refuses where another supervisor is alive; ends what a killed one left behind. */
async function takeOver(stateFolder: string, say: (text: string) => void): Promise<RunFile | undefined> {
  const run = readRunFile(stateFolder);
  if (!run) return undefined;
  if (isSameProcess(run.supervisor) && run.supervisor.pid !== process.pid) {
    throw new CommandEnd(
      exitCodes.failed,
      `Resident runs here already: process ${run.supervisor.pid}, since ${run.startedAt}, state in ${stateFolder}. End that one first, or use another stateFolder.`,
    );
  }
  const ended = await endLeftovers(run);
  if (ended.length > 0) say(`ended what a killed \`up\` left behind: ${ended.join(', ')}`);
  removeRunFile(stateFolder);
  return run;
}

interface HurriedEnd extends Pick<SupervisorParts, 'settings' | 'say'> {
  /** An end in order is at work, and was too slow for somebody. */
  readonly isStopping: boolean;
}

/**
 * For an exit that waits for nobody: children still get the chance to end in order, unless they had it already. Servers of set-up
 * end by themselves then.
 */
function endAtOnce(run: RunFile, { settings, say, isStopping }: HurriedEnd): void {
  const left = Object.entries(run.processes).filter(
    ([role, identity]) => role !== 'temporal' && isSameProcess(identity),
  );
  for (const [, { pid }] of left) process.kill(pid, isStopping ? 'SIGKILL' : 'SIGTERM');
  const roles = left.map(([role]) => role).join(', ');
  if (isStopping && roles !== '')
    say(`ended at once: ${roles}; what they were at goes on with the next \`resident up\``);
  removeRunFile(settings.stateFolder);
}
