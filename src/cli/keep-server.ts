import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from './exit.ts';

/** A server that set-up started, or found. */
export interface StartedServer {
  readonly address: string;
  readonly uiAddress?: string;
  readonly pid: number;
  /** Settles when it has ended, with how. */
  readonly exited: Promise<string>;
  stop(): Promise<void>;
}

export type ServerPlace = Pick<StartedServer, 'address' | 'uiAddress'>;

/** Starts a server, where it was before if that is given, with the same state as before. */
export type StartServer = (before?: ServerPlace) => Promise<StartedServer>;

export interface KeepServerOptions {
  readonly say: (text: string) => void;
  readonly onStart: (server: StartedServer) => void;
  /** Where it was the last time: clients may know that address. */
  readonly before?: ServerPlace;
  readonly firstDelayMs?: number;
}

/** Keeps a server running at one address: when its process is gone, it is started again with its state. */
export async function keepServer(
  role: string,
  start: StartServer,
  options: KeepServerOptions,
): Promise<{ readonly address: string; stop(): Promise<void> }> {
  const { say, onStart, before, firstDelayMs = 200 } = options;
  const ending = new AbortController();
  let server = await startThereOrElsewhere(start, before);
  onStart(server);
  const { address } = server;
  const watching = watch();

  async function watch(): Promise<void> {
    const isEnding = new Promise<undefined>((resolve) => {
      ending.signal.addEventListener('abort', () => resolve(undefined), { once: true });
    });
    for (;;) {
      const how = await Promise.race([server.exited, isEnding]);
      if (how === undefined || ending.signal.aborted) return;
      say(`the ${role} server ended (${how}); starting it again at ${address}`);
      await startAgain();
    }
  }

  async function startAgain(): Promise<void> {
    for (let delayMs = firstDelayMs; !ending.signal.aborted; delayMs = Math.min(delayMs * 2, 5_000)) {
      try {
        server = await start(server);
        return onStart(server);
      } catch (error) {
        say(`the ${role} server did not start: ${messageOf(error)}`);
      }
      // Stopping ends the wait.
      await delay(delayMs, undefined, { signal: ending.signal }).catch(() => undefined);
    }
  }

  return {
    address,
    stop: async () => {
      ending.abort();
      await watching;
      await server.stop();
    },
  };
}

/** The old port may be taken by now; then any other is better than none. */
async function startThereOrElsewhere(start: StartServer, before: ServerPlace | undefined): Promise<StartedServer> {
  if (before === undefined) return start();
  try {
    return await start(before);
  } catch {
    return start();
  }
}
