import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { cacheFolder, childEnvironment, ConfigError, loadSettings } from '../../config.ts';
import { inspect, renderDoctor, type DoctorRow } from '../../setup/doctor.ts';
import { inspectSandboxes } from '../../setup/images/inspect-sandboxes.ts';
import type { LookOptions } from '../../setup/look-for.ts';
import { defaultConfig, withJson, type CommonOptions } from '../context.ts';
import { say, sayJson } from '../output.ts';

export function addDoctor(program: Command): void {
  withJson(program.command('doctor'))
    .description('what is there, what is missing, and what it costs to be without')
    .action(async (options: CommonOptions) => {
      const looking = { env: childEnvironment(), cacheFolder: cacheFolder() };
      const rows = [...(await inspect(looking)), ...(await inspectConfigured(options, looking))];
      if (options.json) sayJson(rows);
      else say(renderDoctor(rows));
    });
}

/** It is the first thing that people run: often before there is any configuration, or while it is still wrong. */
async function inspectConfigured({ config }: CommonOptions, looking: LookOptions): Promise<readonly DoctorRow[]> {
  const file = config ?? defaultConfig;
  if (config === undefined && !existsSync(file)) return [];
  try {
    return await inspectSandboxes(loadSettings(file, { secrets: 'unchecked' }), looking);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return [
      {
        name: 'Configuration',
        found: false,
        version: '',
        where: `${file} has ${error.faults.length} faults`,
        costsWithout: 'nothing starts',
        remedy: `run \`resident check --config ${file}\`, which names each with its line`,
      },
    ];
  }
}
