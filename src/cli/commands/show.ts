import type { Command } from 'commander';
import { toIncidentId } from '../../client/incident-client.ts';
import { toIncidentJson } from '../../client/incident-json.ts';
import { withContext, withJson, type CommonOptions } from '../context.ts';
import { say, sayJson } from '../output.ts';
import { renderState } from '../render.ts';

export interface RunOptions extends CommonOptions {
  readonly run?: string;
}

export const incidentArgument = ['<incident>', 'a service, or an incident id such as incident/order-service'] as const;

export function addShow(program: Command): void {
  withJson(program.command('show'))
    .description('one incident: timeline, diagnosis with its evidence, reproduction, plan')
    .argument(...incidentArgument)
    .option('--run <id>', 'an earlier run (default: the latest)')
    .action(async (incident: string, options: RunOptions) => {
      await withContext(options, async ({ incidents, linkTo }) => {
        const incidentId = toIncidentId(incident);
        const state = await incidents.getState(incidentId, options.run);
        if (!options.json) return say(renderState(state, linkTo(incidentId, state.runId)));
        sayJson(toIncidentJson(state, await incidents.describeHistory(incidentId, state.runId)));
      });
    });
}
