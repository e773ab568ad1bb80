import type { Command } from 'commander';
import { toIncidentId } from '../../client/incident-client.ts';
import { toIncidentJson } from '../../client/incident-json.ts';
import { withContext, withJson, type CommonOptions } from '../context.ts';
import { say, sayJson } from '../output.ts';
import { renderState } from '../render.ts';
import { readRunOutput } from '../run-output.ts';

export interface RunOptions extends CommonOptions {
  readonly run?: string;
}

export const incidentArgument = ['<incident>', 'a service, or an incident id such as incident/order-service'] as const;

export function addShow(program: Command): void {
  withJson(program.command('show'))
    .description('one incident: timeline, diagnosis with its evidence, reproduction, plan')
    .argument(...incidentArgument)
    .option('--run <id>', 'an earlier run (default: the latest)')
    .option('--output <digest>', 'all that one run in the sandbox wrote, by the digits that the report gives')
    .action(async (incident: string, options: RunOptions & { readonly output?: string }) => {
      await withContext(options, async ({ incidents, linkTo, settings }) => {
        const incidentId = toIncidentId(incident);
        const state = await incidents.getState(incidentId, options.run);
        if (options.output !== undefined) {
          const read = await readRunOutput(state, options.output, settings?.stateFolder ?? '.resident');
          return options.json ? sayJson(read) : say(read.output);
        }
        if (!options.json) return say(renderState(state, linkTo(incidentId, state.runId)));
        sayJson(toIncidentJson(state, await incidents.describeHistory(incidentId, state.runId)));
      });
    });
}
