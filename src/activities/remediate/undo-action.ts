import { setTimeout as pause } from 'node:timers/promises';
import { fillArgv, isSameRevision } from '../../domain/plan/catalogue.ts';
import type { Action } from '../../domain/plan/plan.ts';
import type { CapturedState, UndoRecord } from '../../domain/plan/remediation.ts';
import { findConfigured, type ActionPorts, type ConfiguredAction } from './action-ports.ts';
import { findRepository } from './capture-state.ts';
import { maxAttempts, readCurrent, show, tellEnd, undoId, waitForRevision } from './carry-out.ts';
import type { RemediateActivities } from '../contract.ts';
import { areDifferentRevisions, hasStarted } from './perform-action.ts';

type Undone = Pick<UndoRecord, 'status' | 'detail'>;

/**
 * Brings the captured state back, once per action id. What never started is left alone, and so is what other people have
 * changed since. `failed` means that trying again would not help and that a person must look; trouble that may pass is thrown.
 */
export function createUndoAction(ports: ActionPorts): RemediateActivities['undoAction'] {
  return async ({ action, state }) => {
    if (action.type === 'service.restart') return nothing('A restart changes neither code nor configuration.');
    if (!(await hasStarted(ports, action))) return nothing('The action never started.');
    return action.type === 'config.rollback' ? undoConfig(ports, action) : undoDeploy(ports, action, state);
  };
}

async function undoDeploy(ports: ActionPorts, action: Action, state: CapturedState): Promise<Undone> {
  const { revision } = state.values;
  const wanted = action.parameters['revision'] ?? '';
  if (revision === undefined) return failed('The captured state names no revision to go back to.');
  if (isSameRevision(revision, wanted)) return nothing(`${action.target} ran ${revision} before as well.`);

  const configured = findConfigured(ports, action);
  const command = configured.settings.command ?? [];
  const hasWorked = await waitForAction(ports, action, fillArgv(command, action.parameters), configured);
  const isRetry = (await ports.commands.findAttempt(undoId(action))) > 0;
  const present = await readCurrent(ports, action).catch(() => undefined);
  if (hasWorked && !isRetry && present !== undefined) {
    if (isSameRevision(present, revision)) return nothing(`${action.target} runs ${present} again already.`);
    if (areDifferentRevisions(present, wanted)) {
      return failed(
        `${action.target} runs ${present}, which neither this action nor the state before it is. Somebody changed it, so it was left alone.`,
      );
    }
  }
  const undone = await runUndo(ports, action, fillArgv(command, { ...action.parameters, revision }), configured);
  if (undone.status !== 'undone' || !configured.settings.current) return undone;
  const { isThere, seen } = await waitForRevision(ports, action, revision);
  return isThere ? undone : failed(`${undone.detail} But ${action.target} runs ${seen}, not ${revision}.`);
}

async function undoConfig(ports: ActionPorts, action: Action): Promise<Undone> {
  const repository = findRepository(ports, action);
  const made = await ports.repository.findByAction(repository, action.id);
  if (!made) return nothing('The revert was never committed.');
  const configured = findConfigured(ports, action);
  const { reload } = configured.settings;
  if (reload) await waitForAction(ports, action, reload, configured);
  let commit: string;
  try {
    ({ commit } = await ports.repository.revert({
      repository,
      commit: made,
      actionId: undoId(action),
      subject: `Restore ${(action.parameters['commit'] ?? '').slice(0, 12)} for ${action.target}`,
    }));
  } catch (error) {
    if (isRetryable(error)) throw error;
    return failed(error instanceof Error ? error.message : String(error));
  }
  const restored = `Reverted the revert with ${commit}.`;
  if (!reload) return { status: 'undone', detail: restored };
  const reloaded = await runUndo(ports, action, reload, configured);
  return { ...reloaded, detail: `${restored} ${reloaded.detail}` };
}

/** The action's own command must be over before its undo starts. @returns whether it ended with 0. */
async function waitForAction(
  ports: ActionPorts,
  action: Action,
  argv: readonly string[],
  { cwd, timeoutMs }: ConfiguredAction,
): Promise<boolean> {
  const attempt = await ports.commands.findAttempt(action.id);
  if (attempt === 0) return false;
  const end = await ports.commands.runAttempt({ actionId: action.id, argv, cwd, timeoutMs }, attempt);
  return end.kind === 'ended' && tellEnd(argv, end).trouble === undefined;
}

/** Runs the undo's command until it works, a few times. The attempts are counted in the journal, across processes. */
async function runUndo(
  ports: ActionPorts,
  action: Action,
  argv: readonly string[],
  { cwd, timeoutMs }: ConfiguredAction,
): Promise<Undone> {
  const { commands, undoPauseMs = 2_000 } = ports;
  const spec = { actionId: undoId(action), argv, cwd, timeoutMs };
  for (let attempt = Math.max(1, await commands.findAttempt(spec.actionId)); ; attempt += 1) {
    const end = await commands.runAttempt(spec, attempt);
    const told = end.kind === 'ended' ? tellEnd(argv, end) : { detail: `${show(argv)} was cut off.`, trouble: true };
    if (!told.trouble) return { status: 'undone', detail: told.detail };
    if (attempt >= maxAttempts) return failed(`The undo failed ${attempt} times. ${told.detail}`);
    await pause(undoPauseMs);
  }
}

function isRetryable(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('trouble' in error)) return true;
  return (error.trouble as { readonly retryable: boolean }).retryable;
}

function nothing(detail: string): Undone {
  return { status: 'nothing-to-undo', detail };
}

function failed(detail: string): Undone {
  return { status: 'failed', detail };
}
