import type { Command } from 'commander';
import {
  cacheFolder,
  childEnvironment,
  ConfigError,
  examineSettings,
  renderFault,
  resolveSecret,
  sortByPlace,
  type ConfigFault,
  type ExaminedFile,
} from '../../config.ts';
import { asMapping, isText } from '../../config/raw.ts';
import type { ResidentSettings } from '../../domain/settings.ts';
import { checkWorld } from '../../setup/world/check-world.ts';
import { defaultConfig, withJson, type CommonOptions } from '../context.ts';
import { CommandEnd, exitCodes } from '../exit.ts';
import { note, paint, say, sayJson } from '../output.ts';

interface CheckOptions extends CommonOptions {
  readonly offline?: boolean;
}

interface Checked {
  readonly file: string;
  readonly faults: readonly ConfigFault[];
  readonly notes: readonly ConfigFault[];
  readonly settings?: ExaminedFile['settings'];
}

export function addCheck(program: Command): void {
  withJson(program.command('check'))
    .description('check resident.yaml and what it names: every fault at once, with its line and what to write instead')
    .option('--offline', 'check the file alone: no files, programs, repositories, servers')
    .action(async (options: CheckOptions) => {
      const { file, faults, notes, settings } = await check(options);
      if (options.json) sayJson({ file, faults, notes });
      else {
        // Beside faults there is no answer, and everything goes where errors go.
        const tell = faults.length > 0 ? note : say;
        for (const each of notes) tell(`${paint('yellow', 'note')} ${renderFault(each)}`);
        for (const each of faults) tell(renderFault(each));
      }
      if (faults.length > 0) throw new CommandEnd(exitCodes.usage, '');
      if (options.json || !settings) return;
      say(
        `${file} is right: ${Object.keys(settings.services).length} services, digest ${settings.digest.slice(0, 12)}.`,
      );
    });
}

async function check(options: CheckOptions): Promise<Checked> {
  const file = options.config ?? defaultConfig;
  try {
    const examined = examineSettings(file);
    const { faults, notes } = options.offline ? { faults: [], notes: [] } : await lookAround(examined);
    return {
      ...examined,
      file,
      faults: sortByPlace([...examined.faults, ...faults.map(examined.place)]),
      notes: sortByPlace([...examined.notes, ...notes.map(examined.place)]),
    };
  } catch (error) {
    if (error instanceof ConfigError) return { file, faults: error.faults, notes: [] };
    throw error;
  }
}

async function lookAround({ raw, folder, settings }: ExaminedFile) {
  const file = asMapping(raw);
  const prometheus = settings ? settings.prometheus : findServer(file['prometheus']);
  const jaeger = settings ? settings.traces?.jaeger : findServer(asMapping(file['traces'])['jaeger']);
  return checkWorld({
    ...{ raw, folder, env: childEnvironment(), cacheFolder: cacheFolder() },
    ...(prometheus ? { prometheus: withBearer(prometheus) } : {}),
    ...(jaeger ? { jaeger: withBearer(jaeger) } : {}),
  });
}

type Server = NonNullable<ResidentSettings['prometheus']>;

function withBearer({ url, bearer }: Server) {
  return { url, ...(bearer ? { bearer: () => resolveSecret(bearer) } : {}) };
}

/** Of a file with faults: the address as written, if no secret is needed to ask there. */
function findServer(server: unknown): Server | undefined {
  const { url, bearer } = asMapping(server);
  return isText(url) && URL.canParse(url) && bearer === undefined ? { url } : undefined;
}
