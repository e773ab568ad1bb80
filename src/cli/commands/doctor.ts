import type { Command } from 'commander';
import { cacheFolder, childEnvironment } from '../../config.ts';
import { inspect, renderDoctor } from '../../setup/doctor.ts';
import { CommandEnd, exitCodes } from '../exit.ts';
import { say, sayJson } from '../output.ts';

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('what is there, what is missing, and what it costs to be without')
    .option('--json', 'print JSON')
    .action(async (options: { readonly json?: boolean }) => {
      const rows = await inspect({ env: childEnvironment(), cacheFolder: cacheFolder() });
      if (options.json) sayJson(rows);
      else say(renderDoctor(rows));
      const stop = rows.find((row) => row.stopsEverything !== undefined)?.stopsEverything;
      if (stop !== undefined)
        throw new CommandEnd(exitCodes.failed, options.json ? '' : `\nNothing can work here: ${stop}.`);
    });
}
