import type { Action } from '../../domain/plan/plan.ts';
import type { CapturedState } from '../../domain/plan/remediation.ts';
import { findConfigured, refuse, tellTime, type ActionPorts } from './action-ports.ts';
import { readCurrent } from './carry-out.ts';
import type { RemediateActivities } from '../contract.ts';

/**
 * Reads what the undo will need: the revision that runs, or the head of the configuration. It changes nothing.
 * @throws Action.StateUnknown when it cannot be known; an action that could not be undone must not start.
 */
export function createCaptureState(ports: ActionPorts): RemediateActivities['captureState'] {
  return async ({ action }) => ({
    actionId: action.id,
    at: tellTime(ports),
    values: await readPresentState(ports, action),
  });
}

/** The present state in the shape that is captured, so that the two can be compared. */
export async function readPresentState(ports: ActionPorts, action: Action): Promise<CapturedState['values']> {
  switch (action.type) {
    case 'service.restart':
      return {};
    case 'config.rollback':
      return { head: await ports.repository.readHead(findRepository(ports, action)) };
    case 'deploy.rollback': {
      const revision =
        (await readCurrent(ports, action)) ??
        (await ports.readLastDeployed?.(action.target)) ??
        action.parameters['from'];
      if (revision !== undefined) return { revision };
      throw refuse(
        'Action.StateUnknown',
        `What ${action.target} runs now is not known, so a rollback could not be undone. Configure services.${action.target}.actions.deploy.rollback.current.`,
      );
    }
  }
}

/** The configuration repository of the action's target. */
export function findRepository(ports: ActionPorts, action: Action): string {
  const { repository } = findConfigured(ports, action).settings;
  if (repository !== undefined) return repository;
  throw refuse('Action.PlanChanged', `services.${action.target}.actions.config.rollback.repository is not configured.`);
}
