import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { toIncidentId } from '../../client/incident-client.ts';
import { withConfig, withContext, type CommonOptions } from '../context.ts';
import { say } from '../output.ts';
import { incidentArgument } from './show.ts';

export function addSteer(program: Command): void {
  withConfig(program.command('steer'))
    .description('give the investigation a hint')
    .argument(...incidentArgument)
    .argument('<text>', 'the hint')
    .option('--by <name>', 'who gives it', userInfo().username)
    .action(async (incident: string, text: string, options: CommonOptions & { readonly by: string }) => {
      await withContext(options, async ({ incidents }) => {
        await incidents.steer(toIncidentId(incident), { by: options.by, text });
        say('The hint is in the history of the incident.');
      });
    });
}
