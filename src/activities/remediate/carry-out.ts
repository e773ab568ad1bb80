import { setTimeout as pause } from 'node:timers/promises';
import type { CommandEnd } from '../../adapters/commands/runner.ts';
import { isSameRevision, refuseParameters } from '../../domain/plan/catalogue.ts';
import type { Action } from '../../domain/plan/plan.ts';
import { showText } from '../../domain/diagnosis/prompt-text.ts';
import { findConfigured, refuse, type ActionPorts } from './action-ports.ts';

/** Attempts at one command after machine crashes, or at one undo that fails. */
export const maxAttempts = 3;

const readTimeoutMs = 30_000;
const tailLength = 1_500;

export interface CommandRequest {
  readonly id: string;
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly timeoutMs: number;
}

/**
 * Runs a command to its end, once. Whoever comes later with the same id, in whatever process, waits for that one run.
 * Only when the machine died under it is there a further attempt, and only if the world is not yet as wanted.
 * @returns undefined when the state was already as wanted after an interruption.
 */
export async function runToEnd(
  ports: ActionPorts,
  request: CommandRequest,
  isAsWanted: () => Promise<boolean>,
): Promise<Extract<CommandEnd, { kind: 'ended' }> | undefined> {
  const { id: actionId, argv, cwd, timeoutMs } = request;
  let attempt = Math.max(1, await ports.commands.findAttempt(actionId));
  for (;;) {
    const end = await ports.commands.runAttempt({ actionId, argv, cwd, timeoutMs }, attempt);
    if (end.kind === 'ended') return { ...end, outputTail: ports.redact?.(end.outputTail) ?? end.outputTail };
    if (await isAsWanted()) return undefined;
    if (attempt >= maxAttempts) {
      throw refuse('Action.Interrupted', `${show(argv)} was cut off ${attempt} times without a result.`);
    }
    attempt += 1;
  }
}

/** What a command's end means, in words; undefined trouble means that it did its work. */
export function tellEnd(
  argv: readonly string[],
  end: Extract<CommandEnd, { kind: 'ended' }>,
): { readonly detail: string; readonly trouble?: 'Action.CommandFailed' | 'Action.TimedOut' } {
  const { exitCode, signal, timedOut, error } = end.exit;
  const tail = showText(end.outputTail, 20_000).slice(-tailLength).trim();
  const output = tail === '' ? 'It printed nothing.' : `Its last output:\n${tail}`;
  const which = end.attempt > 1 ? ` in attempt ${end.attempt}` : '';
  if (error) return { detail: `${show(argv)} could not be started: ${error}`, trouble: 'Action.CommandFailed' };
  if (timedOut) return { detail: `${show(argv)} took too long and was ended. ${output}`, trouble: 'Action.TimedOut' };
  if (exitCode !== 0) {
    const how = signal ? `was killed by ${signal}` : `ended with ${exitCode}`;
    return { detail: `${show(argv)} ${how}${which}. ${output}`, trouble: 'Action.CommandFailed' };
  }
  return { detail: `${show(argv)} ended with 0${which}. ${output}` };
}

/** The revision that runs now, as the configured `current` prints it; undefined where none is configured. */
export async function readCurrent(
  ports: ActionPorts,
  action: Pick<Action, 'type' | 'target'>,
): Promise<string | undefined> {
  const { settings, cwd } = findConfigured(ports, action);
  if (!settings.current) return undefined;
  const { exitCode, lastLine } = await ports.commands.read(settings.current, cwd, readTimeoutMs);
  const misfit = exitCode === 0 && refuseParameters('deploy.rollback', { revision: lastLine });
  if (misfit === undefined) return lastLine;
  const why =
    exitCode === 0 ? `printed ${JSON.stringify(showText(lastLine, 100))} on its last line` : `ended with ${exitCode}`;
  throw refuse(
    'Action.StateUnknown',
    `${show(settings.current)} should print the revision of ${action.target}; it ${why}.`,
  );
}

/** Looks again until the revision runs or the time is over. */
export async function waitForRevision(
  ports: ActionPorts,
  action: Action,
  revision: string,
): Promise<{ readonly isThere: boolean; readonly seen: string }> {
  let seen = '';
  const isThere = await waitUntil(ports, async () => {
    seen = (await readCurrent(ports, action).catch(() => undefined)) ?? 'nothing that can be read';
    return isSameRevision(seen, revision);
  });
  return { isThere, seen };
}

/** Polls a condition within the limits of a check. A cancel ends the waiting. */
export async function waitUntil(ports: ActionPorts, isTrue: () => Promise<boolean>): Promise<boolean> {
  const { checkTimeoutMs = 15_000, checkEveryMs = 500 } = ports;
  const end = Date.now() + checkTimeoutMs;
  while (!(await isTrue())) {
    if (Date.now() >= end) return false;
    await pause(checkEveryMs, undefined, { signal: ports.signal?.() });
  }
  return true;
}

/** An argv as people read it. */
export function show(argv: readonly string[]): string {
  return JSON.stringify(argv);
}

/** The id under which an action's undo is journalled. */
export function undoId(action: Action): string {
  return `${action.id}/undo`;
}
