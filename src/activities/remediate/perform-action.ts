import { fillArgv, isCommitId, isSameRevision } from '../../domain/plan/catalogue.ts';
import type { Action } from '../../domain/plan/plan.ts';
import type { ActionOutcome, CapturedState } from '../../domain/plan/remediation.ts';
import { findConfigured, refuse, tellTime, type ActionPorts } from './action-ports.ts';
import { findRepository, readPresentState } from './capture-state.ts';
import { readCurrent, runToEnd, tellEnd } from './carry-out.ts';
import type { PerformInput, RemediateActivities } from '../contract.ts';
import { judgeAction, type JudgePorts } from './judge-action.ts';

/**
 * Acts once per action id, whatever dies in between: a command that has started is waited for, never started again.
 * Before it starts everything is judged once more; after that nothing is, because the change is under way.
 */
export function createPerformAction(ports: JudgePorts): RemediateActivities['performAction'] {
  return async (input) => {
    const { action } = input;
    if (!(await hasStarted(ports, action))) {
      const already = await prepare(ports, input);
      if (already) return already;
    }
    return act(ports, action);
  };
}

/** Judges, compares the state with the captured one, and notes that the action may begin. */
async function prepare(ports: JudgePorts, input: PerformInput): Promise<ActionOutcome | undefined> {
  const { action, state } = input;
  try {
    await judgeAction(ports, input);
    const already = await compareState(ports, action, state);
    if (already !== undefined) return { actionId: action.id, result: 'already-done', detail: already };
    ports.signal?.()?.throwIfAborted();
    await ports.journal.begin({ actionId: action.id, type: action.type, target: action.target, at: tellTime(ports) });
  } catch (error) {
    // An earlier attempt of this activity may have started the action meanwhile, and that is what was seen as a change.
    if (!(await hasStarted(ports, action))) throw error;
  }
  return undefined;
}

/** True when the change of this action id was started by whatever process. */
export async function hasStarted(ports: ActionPorts, action: Action): Promise<boolean> {
  if (!(await ports.journal.find(action.id))) return false;
  if ((await ports.commands.findAttempt(action.id)) > 0) return true;
  if (action.type !== 'config.rollback') return false;
  return (await ports.repository.findByAction(findRepository(ports, action), action.id)) !== undefined;
}

/**
 * The state must be the captured one, or the undo would bring back the wrong one; and what runs must be what the approved
 * plan says that it goes back from.
 * @returns why nothing is left to do, or undefined.
 */
async function compareState(ports: ActionPorts, action: Action, captured: CapturedState): Promise<string | undefined> {
  const changed = (what: string) =>
    refuse('Action.StateChanged', `${what} Nothing was done; look at ${action.target} and propose again.`);
  if (captured.actionId !== action.id) throw changed(`The captured state belongs to ${captured.actionId}.`);
  const present = await readPresentState(ports, action);
  const { revision } = present;
  const wanted = action.parameters['revision'];
  if (revision !== undefined && wanted !== undefined && isSameRevision(revision, wanted)) {
    return `${action.target} runs ${revision} already.`;
  }
  for (const [name, value] of Object.entries(present)) {
    if (captured.values[name] === value) continue;
    throw changed(
      `The ${name} of ${action.target} is ${value}, and was ${captured.values[name] ?? 'unknown'} a moment ago.`,
    );
  }
  const from = action.parameters['from'];
  if (revision !== undefined && from !== undefined && areDifferentRevisions(revision, from)) {
    throw changed(`${action.target} runs ${revision}, but the plan was made while ${from} ran.`);
  }
  return undefined;
}

/** Two names that cannot mean one revision. A tag and a SHA can, so they are not held against each other. */
export function areDifferentRevisions(one: string, other: string): boolean {
  return isCommitId(one) === isCommitId(other) && !isSameRevision(one, other);
}

async function act(ports: ActionPorts, action: Action): Promise<ActionOutcome> {
  const { settings, cwd, timeoutMs } = findConfigured(ports, action);
  const done = (detail: string): ActionOutcome => ({ actionId: action.id, result: 'done', detail });
  switch (action.type) {
    case 'config.rollback': {
      const { commit } = await ports.repository.revert({
        repository: findRepository(ports, action),
        commit: action.parameters['commit'] ?? '',
        actionId: action.id,
        subject: `Revert ${(action.parameters['commit'] ?? '').slice(0, 12)} for ${action.target}`,
      });
      const made = `Reverted ${action.parameters['commit']} with ${commit}.`;
      if (!settings.reload) return done(made);
      const request = { id: action.id, argv: settings.reload, cwd, timeoutMs };
      const reloaded = await runCommand(ports, request, async () => false);
      return done(`${made} ${reloaded}`);
    }
    case 'deploy.rollback': {
      const argv = fillArgv(settings.command ?? [], action.parameters);
      const wanted = action.parameters['revision'] ?? '';
      const isAsWanted = async () => isSameRevision((await readCurrent(ports, action)) ?? '', wanted);
      return done(await runCommand(ports, { id: action.id, argv, cwd, timeoutMs }, isAsWanted));
    }
    case 'service.restart': {
      // Whether a restart that was cut off took place cannot be seen, and a service may be down: it is run again.
      const request = { id: action.id, argv: settings.command ?? [], cwd, timeoutMs };
      return done(await runCommand(ports, request, async () => false));
    }
  }
}

async function runCommand(
  ports: ActionPorts,
  request: Parameters<typeof runToEnd>[1],
  isAsWanted: () => Promise<boolean>,
): Promise<string> {
  const end = await runToEnd(ports, request, isAsWanted);
  if (!end) return `It was cut off by a crash, but its work was done: the state is as wanted.`;
  const { detail, trouble } = tellEnd(request.argv, end);
  if (trouble) throw refuse(trouble, detail);
  return detail;
}
