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

/** Starts a server, at `address` where given, with the same state as before. */
export type StartServer = (address?: string) => Promise<StartedServer>;

export interface KeepServerOptions {
  readonly say: (text: string) => void;
  readonly onStart: (server: StartedServer) => void;
  /** Where it was the last time: clients may know that address. */
  readonly preferredAddress?: string;
  readonly firstDelayMs?: number;
}

/** Keeps a server running at one address: when its process is gone, it is started again with its state. */
export async function keepServer(
  role: string,
  start: StartServer,
  options: KeepServerOptions,
): Promise<{ readonly address: string; stop(): Promise<void> }> {
  const { say, onStart, preferredAddress, firstDelayMs = 200 } = options;
  const ending = new AbortController();
  let server = await startAtOrElsewhere(start, preferredAddress);
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
        server = await start(address);
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

/** The old address may be taken by now; then any other is better than none. */
async function startAtOrElsewhere(start: StartServer, address: string | undefined): Promise<StartedServer> {
  if (address === undefined) return start();
  try {
    return await start(address);
  } catch {
    return start();
  }
}
