import type { Command } from 'commander';
import { ConfigError, listWarnings, loadSettings } from '../../config.ts';
import { defaultConfig, withJson, type CommonOptions } from '../context.ts';
import { CommandEnd, exitCodes } from '../exit.ts';
import { paint, say, sayJson } from '../output.ts';

export function addCheck(program: Command): void {
  withJson(program.command('check'))
    .description('check resident.yaml: every fault at once, with its line and what to write instead')
    .action((options: CommonOptions) => {
      const file = options.config ?? defaultConfig;
      try {
        const settings = loadSettings(file);
        const warnings = listWarnings(settings);
        if (options.json) return sayJson({ file: settings.file, faults: [], warnings });
        for (const warning of warnings) say(`${paint('yellow', 'note')} ${warning}`);
        say(
          `${file} is right: ${Object.keys(settings.services).length} services, digest ${settings.digest.slice(0, 12)}.`,
        );
      } catch (error) {
        if (!(error instanceof ConfigError) || !options.json) throw error;
        sayJson({ file, faults: error.faults, warnings: [] });
        throw new CommandEnd(exitCodes.usage, '');
      }
    });
}
