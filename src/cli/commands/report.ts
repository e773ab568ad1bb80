import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { toIncidentId } from '../../client/incident-client.ts';
import { withContext, withJson } from '../context.ts';
import { CommandEnd, exitCodes, messageOf } from '../exit.ts';
import { say, sayJson } from '../output.ts';
import { incidentArgument, type RunOptions } from './show.ts';

export function addReport(program: Command): void {
  withJson(program.command('report'))
    .description('the report of a closed incident, as Markdown')
    .argument(...incidentArgument)
    .option('--run <id>', 'an earlier run (default: the latest)')
    .action(async (incident: string, options: RunOptions) => {
      await withContext(options, async ({ incidents, settings }) => {
        const state = await incidents.getState(toIncidentId(incident), options.run);
        if (!state.report) {
          throw new CommandEnd(
            exitCodes.failed,
            `${state.incidentId} has no report yet: it is in phase ${state.phase}.`,
          );
        }
        const file = path.resolve(settings?.stateFolder ?? '.resident', state.report);
        const text = await readFile(file, 'utf8').catch((error: unknown) => {
          throw new CommandEnd(exitCodes.failed, `The report cannot be read where it was written: ${messageOf(error)}`);
        });
        if (options.json) sayJson({ incidentId: state.incidentId, runId: state.runId, file, markdown: text });
        else say(text.trimEnd());
      });
    });
}
