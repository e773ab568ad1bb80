import { userInfo } from 'node:os';
import { Option, type Command } from 'commander';
import { createManualAlert } from '../../client/manual-alert.ts';
import type { Severity } from '../../domain/incident/alert.ts';
import { withContext, withJson, type CommonOptions } from '../context.ts';
import { CommandEnd, exitCodes } from '../exit.ts';
import { say, sayJson } from '../output.ts';

interface OpenOptions extends CommonOptions {
  readonly summary: string;
  readonly severity: Severity;
  readonly expr?: string;
  readonly since?: string;
  readonly by: string;
}

export function addOpen(program: Command): void {
  withJson(program.command('open'))
    .description('open an incident by hand, or add to the open one of the service')
    .argument('<service>', 'a service of resident.yaml')
    .requiredOption('-s, --summary <text>', 'what is wrong, in one line')
    .addOption(new Option('--severity <word>', 'how bad').choices(['critical', 'warning', 'info']).default('warning'))
    .option('--expr <promql>', 'the condition, so that recovery can be read')
    .option('--since <time>', 'ISO time since when it is wrong')
    .option('--by <name>', 'who opens it', userInfo().username)
    .action(async (service: string, options: OpenOptions) => {
      await withContext(options, async ({ incidents, settings, linkTo }) => {
        if (settings && !settings.services[service]) {
          const known = Object.keys(settings.services).join(', ');
          throw new CommandEnd(exitCodes.usage, `${service} is not a service of ${settings.file}. Known: ${known}.`);
        }
        if (options.since !== undefined && Number.isNaN(Date.parse(options.since))) {
          throw new CommandEnd(exitCodes.usage, '--since is no time; write for example 2026-11-21T09:40:00Z.');
        }
        const { expr, since, summary, severity, by } = options;
        const alert = createManualAlert({
          ...{ service, summary, severity, by },
          ...(expr === undefined ? {} : { expression: expr }),
          ...(since === undefined ? {} : { since: new Date(since).toISOString() }),
        });
        // Attaching first leaves the debounce of an incident that has just opened alone.
        const attached = await incidents.attach(service, [alert]);
        const opened = attached ?? (await incidents.openOrAttach(service, [alert]));
        if (options.json) return sayJson({ ...opened, attached: attached !== undefined });
        const run = `${opened.incidentId}, run ${opened.runId}`;
        say(attached ? `${service} has an open incident; this was added to it: ${run}` : `Opened ${run}`);
        say(linkTo(opened.incidentId, opened.runId) ?? `resident follow ${service}`);
      });
    });
}
