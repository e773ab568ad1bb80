import type { Command } from 'commander';
import { toIncidentId } from '../../client/incident-client.ts';
import { withContext, withJson } from '../context.ts';
import { note, paint, plain, say } from '../output.ts';
import { renderEntry } from '../render.ts';
import { incidentArgument, type RunOptions } from './show.ts';

export function addFollow(program: Command): void {
  withJson(program.command('follow'))
    .description('an incident as it happens, until its end; with --json one event a line')
    .argument(...incidentArgument)
    .option('--run <id>', 'an earlier run (default: the latest)')
    .action(async (incident: string, options: RunOptions) => {
      await withContext(options, async ({ incidents }) => {
        const events = incidents.follow(
          toIncidentId(incident),
          options.run === undefined ? {} : { runId: options.run },
        );
        for await (const event of events) {
          if (options.json) {
            say(JSON.stringify('state' in event ? { ...event, state: undefined } : event));
            continue;
          }
          switch (event.kind) {
            case 'entry':
              say(renderEntry(event.entry));
              break;
            case 'trouble':
              note(paint('yellow', plain(event.text)));
              break;
            case 'back':
              note(paint('yellow', 'It answers again.'));
              break;
            case 'end':
              say(paint('bold', plain(`${event.state.outcome ?? 'ended'}. ${event.state.outcomeReason ?? ''}`.trim())));
          }
        }
      });
    });
}
