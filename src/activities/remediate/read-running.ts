import type { ActionPorts } from './action-ports.ts';
import { readCurrent } from './carry-out.ts';
import type { RemediateActivities } from '../contract.ts';

/**
 * Asks a service what it runs before a rollback is proposed, for a deploy record may be behind. It runs on this queue because
 * the command is the user's own and may need what only this role holds; it changes nothing.
 * A command that fails is a reason and no failure: the plan is then made from the deploy record, and judged again before it acts.
 */
export function createReadRunning(ports: ActionPorts): RemediateActivities['readRunning'] {
  return async ({ service }) => {
    const type = 'deploy.rollback';
    if (!ports.settings().services[service]?.actions[type]?.current) return { reason: 'no `current` is configured' };
    try {
      const revision = await readCurrent(ports, { type, target: service });
      return revision === undefined ? { reason: 'it prints nothing' } : { revision };
    } catch (error) {
      return { reason: error instanceof Error ? error.message : String(error) };
    }
  };
}
