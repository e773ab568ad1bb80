import type { Command } from 'commander';
import { toIncidentId } from '../../client/incident-client.ts';
import { withContext, withJson } from '../context.ts';
import { say, sayJson } from '../output.ts';
import { incidentArgument, type RunOptions } from './show.ts';

export function addCancel(program: Command): void {
  withJson(program.command('cancel'))
    .description('stop an incident; what it has done is undone first')
    .argument(...incidentArgument)
    .option('--run <id>', 'only this run')
    .action(async (incident: string, options: RunOptions) => {
      await withContext(options, async ({ incidents }) => {
        const incidentId = toIncidentId(incident);
        await incidents.cancel(incidentId, options.run);
        if (options.json) sayJson({ incidentId, cancel: 'requested' });
        else say(`Asked ${incidentId} to stop. \`resident follow ${incident}\` tells when it has.`);
      });
    });
}
