import { Connection } from '@temporalio/client';
import path from 'node:path';
import { startServer, type StartedServer } from '../process.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface TemporalOptions {
  /** The Temporal CLI. */
  readonly command: string;
  readonly env: Environment;
  /** The SQLite file that holds everything; made when absent. */
  readonly stateFile: string;
  readonly logFile: string;
  /** Loopback ports; the same ones are given again when it is restarted. */
  readonly port: number;
  readonly uiPort: number;
  readonly namespace?: string;
}

export interface TemporalServer extends StartedServer {
  readonly address: string;
  readonly uiAddress: string;
}

/** DESIGN.md, "Public names". */
const searchAttributes = [
  'ResidentService=Keyword',
  'ResidentSeverity=Keyword',
  'ResidentPhase=Keyword',
  'ResidentOutcome=Keyword',
  'ResidentAwaitingApproval=Bool',
];

/**
 * Starts a Temporal dev server on loopback with its state in a file; started again on that file it goes on where it was.
 * Ready means: the namespace answers and has our search attributes.
 */
export async function startTemporal(options: TemporalOptions): Promise<TemporalServer> {
  const namespace = options.namespace ?? 'default';
  const stateFile = path.resolve(options.stateFile);
  const address = `127.0.0.1:${options.port}`;
  const server = await startServer({
    title: 'the Temporal server',
    command: options.command,
    args: serverArguments({ ...options, stateFile, namespace }),
    env: withoutClientSettings(options.env),
    logFile: options.logFile,
    pidFile: `${stateFile}.pid.json`,
    mark: stateFile,
    isReady: () => isReady(address, namespace),
    readyLimitMs: 60_000,
  });
  return { ...server, address, uiAddress: `http://127.0.0.1:${options.uiPort}` };
}

function serverArguments({ stateFile, port, uiPort, namespace }: TemporalOptions & { readonly namespace: string }) {
  return [
    'server',
    'start-dev',
    ...['--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort)],
    ...['--namespace', namespace, '--db-filename', stateFile, '--log-level', 'warn'],
    // WAL alone nearly doubles the write rate. `full` costs a quarter of that again (reference/temporal.md 8.1a: 13.1 ms
    // an activity against 9.5) and keeps an acknowledged alert through a power cut, which is what a 202 promises.
    ...['--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=full'],
    // 20 a second by default: every hop of a chain of activities would wait for the next 50 ms tick (8.1a).
    ...['--dynamic-config-value', 'history.transferProcessorMaxPollRPS=2000'],
    ...searchAttributes.flatMap((attribute) => ['--search-attribute', attribute]),
  ];
}

/** The CLI would read the user's client settings (address, key, TLS) for its own server. */
function withoutClientSettings(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('TEMPORAL_')));
}

async function isReady(address: string, namespace: string): Promise<boolean> {
  let connection: Connection | undefined;
  try {
    connection = await Connection.connect({ address, connectTimeout: 1_000 });
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    return searchAttributes.every((attribute) => (attribute.split('=')[0] ?? '') in (customAttributes ?? {}));
  } catch {
    return false; // Not listening yet, or the namespace is not there yet: asked again.
  } finally {
    await connection?.close();
  }
}
