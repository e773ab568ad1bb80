import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import type { ResidentSettings } from '../domain/settings.ts';
import { identityOf, type ProcessIdentity } from '../setup/process-identity.ts';
import { CommandEnd, exitCodes } from './exit.ts';
import { keepAlive, type KeptAlive } from './keep-alive.ts';
import { programFor } from './program.ts';
import { adviseOnStart, readChildMessage, shorten, type StartTrouble } from './start-trouble.ts';

export interface ChildParts {
  readonly settings: ResidentSettings;
  /** All of it: nothing of ours is added. */
  readonly environment: Readonly<Record<string, string>>;
  readonly say: (text: string) => void;
  readonly note: (role: string, identity: ProcessIdentity) => void;
  /** Called when the child cannot start and is given up. */
  readonly fail: (why: CommandEnd) => void;
  readonly onMessage?: (message: unknown) => void;
}

/** Keeps one of our programs running as a child process, with its log in the state folder. */
export function startChild(role: string, file: string, extra: () => readonly string[], child: ChildParts): KeptAlive {
  const { settings, say } = child;
  const logFile = path.join(settings.stateFolder, 'logs', `${role}.log`);
  mkdirSync(path.dirname(logFile), { recursive: true });
  let hasBeenUp = false;
  let trouble: StartTrouble | undefined;
  return keepAlive({
    role,
    spawn: () => {
      const { command, args, environment } = programFor(file, ['--config', settings.file, ...extra()]);
      const log = openSync(logFile, 'a');
      // Its own process group: a terminal's Ctrl-C reaches us, and we end the children in order.
      const spawned = spawn(command, args, {
        stdio: ['ignore', log, log, 'ipc'],
        detached: true,
        env: { ...child.environment, ...environment },
      });
      closeSync(log);
      return spawned;
    },
    onSpawn: (pid) => child.note(role, identityOf(pid)),
    onMessage: (message) => {
      const told = readChildMessage(message);
      hasBeenUp ||= told.isUp;
      trouble = told.trouble;
      child.onMessage?.(message);
    },
    hasBeenUp: () => hasBeenUp,
    onDeath: (why, restartInMs) => {
      const last = trouble;
      trouble = undefined;
      if (restartInMs === undefined) return void giveUp(last);
      const reason = last ? `${why}: ${shorten(last.reason)}` : why;
      say(`the ${role} process ended (${reason}); starting it again in ${restartInMs} ms. Its log: ${logFile}`);
    },
  });

  async function giveUp(last: StartTrouble | undefined): Promise<void> {
    child.fail(new CommandEnd(exitCodes.failed, await adviseOnStart(role, last, logFile)));
  }
}
