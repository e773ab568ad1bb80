import type { Action } from '../../domain/plan/plan.ts';
import { findConfigured, refuse, type ActionPorts } from './action-ports.ts';
import { findRepository } from './capture-state.ts';
import { show, waitForRevision, waitUntil } from './carry-out.ts';
import type { RemediateActivities } from '../contract.ts';

const readTimeoutMs = 30_000;

/**
 * Looks whether the action took, again and again for a while, because a deployment may take effect late.
 * @throws Action.CheckFailed when it did not.
 */
export function createCheckAction(ports: ActionPorts): RemediateActivities['checkAction'] {
  return async ({ action }) => ({ detail: await check(ports, action) });
}

async function check(ports: ActionPorts, action: Action): Promise<string> {
  const { settings, cwd } = findConfigured(ports, action);
  const { current } = settings;
  switch (action.type) {
    case 'config.rollback': {
      const commit = await ports.repository.findByAction(findRepository(ports, action), action.id);
      if (commit) return `The revert ${commit} stands in the history of the configuration.`;
      throw refuse('Action.CheckFailed', `No commit of action ${action.id} is in the history of the configuration.`);
    }
    case 'deploy.rollback': {
      const wanted = action.parameters['revision'] ?? '';
      if (!current) return `The command ended with 0; no command is configured that tells what ${action.target} runs.`;
      const { isThere, seen } = await waitForRevision(ports, action, wanted);
      if (isThere) return `${show(current)} prints ${seen}.`;
      throw refuse('Action.CheckFailed', `${action.target} should run ${wanted}; ${show(current)} prints ${seen}.`);
    }
    case 'service.restart': {
      if (!current) return 'The command ended with 0.';
      let exitCode = -1;
      const isWell = await waitUntil(ports, async () => {
        exitCode = (await ports.commands.read(current, cwd, readTimeoutMs)).exitCode;
        return exitCode === 0;
      });
      if (isWell) return `${show(current)} ends with 0.`;
      throw refuse('Action.CheckFailed', `${action.target} was restarted, but ${show(current)} ends with ${exitCode}.`);
    }
  }
}
