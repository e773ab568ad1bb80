import type { Command } from 'commander';
import { cacheFolder, loadSettings } from '../../config.ts';
import { buildImages } from '../../setup/images/build-images.ts';
import { resolveDeployedImages } from '../../setup/images/deployed-images.ts';
import { listImages } from '../../setup/images/list-images.ts';
import { createImageParts, listSandboxed, type ImageParts } from '../../setup/images/parts.ts';
import { pruneImages } from '../../setup/images/prune-images.ts';
import { verifyImages } from '../../setup/images/verify-images.ts';
import { defaultConfig, withJson, type CommonOptions } from '../context.ts';
import { CommandEnd, exitCodes } from '../exit.ts';
import { note, paint, say, sayJson } from '../output.ts';
import { renderBuilt, renderImageList, renderPruned, renderVerified } from '../render-images.ts';
import { findDocker } from '../servers.ts';

interface ImageOptions extends CommonOptions {
  readonly install: boolean;
}

interface BuildCommandOptions extends ImageOptions {
  readonly pull?: boolean;
  readonly refresh?: boolean;
  readonly registry?: string;
  readonly network?: string;
}

interface PruneCommandOptions extends ImageOptions {
  readonly dryRun?: boolean;
}

const networks = ['bridge', 'host'] as const;

export function addImages(program: Command): void {
  const images = program
    .command('images')
    .description('the images of the sandboxes: what is there, build, verify, prune');
  withEngineOptions(images.command('list [service...]', { isDefault: true }))
    .description('what the sandbox of each service needs, and whether it is there')
    .action((services: string[], options: ImageOptions) => {
      if (images.args[0] !== 'list') refuseUnknownCommand(images, services, options);
      return withParts(options, services, async (parts) =>
        tell(options, await listImages(parts, services), renderImageList),
      );
    });
  withEngineOptions(images.command('build [service...]'))
    .description('build images and prepare dependencies, before an incident needs them')
    .option('--pull', 'fetch official images of languages, and images that are named by digest')
    .option('--refresh', 'with --pull: look up the digests of official images anew')
    .option(
      '--registry <host>',
      "with --pull: where Docker Hub's library/ is found instead, for example mirror.example.com/hub",
    )
    .option(
      '--network <mode>',
      'network of the sandbox that installs dependencies: bridge (default), or host, which is that of this machine',
    )
    .action((services: string[], options: BuildCommandOptions) =>
      withParts(options, services, (parts) => build(parts, services, options)),
    );
  withEngineOptions(images.command('verify [service...]'))
    .description('look at each image again: recorded id, settings, and a run in the real sandbox')
    .action((services: string[], options: ImageOptions) =>
      withParts(options, services, async (parts) => {
        const verified = await verifyImages(parts, services);
        tell(options, verified, renderVerified);
        if (!verified.every(({ isRight }) => isRight)) throw new CommandEnd(exitCodes.failed, '');
      }),
    );
  withEngineOptions(images.command('prune'))
    .description('remove images and prepared dependencies of ours that no configured service uses')
    .option('--dry-run', 'say what would go and how large it is; remove nothing')
    .action((options: PruneCommandOptions) =>
      withParts(options, [], async (parts) =>
        tell(options, await pruneImages(parts, { isDryRun: options.dryRun ?? false }), renderPruned),
      ),
    );
  for (const command of images.commands) command.exitOverride();
}

function withEngineOptions(command: Command): Command {
  return withJson(command).option('--no-install', 'fetch no missing program');
}

function tell<T>({ json }: ImageOptions, answer: T, render: (answer: T) => string): void {
  if (json) sayJson(answer);
  else say(render(answer));
}

async function build(parts: ImageParts, services: readonly string[], options: BuildCommandOptions): Promise<void> {
  const network = networks.find((each) => each === options.network);
  if (options.network !== undefined && !network) throw new CommandEnd(exitCodes.usage, '--network is bridge or host.');
  const stop = new AbortController();
  const onSignal = () => stop.abort(new CommandEnd(exitCodes.failed, 'Stopped; nothing half-made is left.'));
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  try {
    const report = await buildImages(parts, {
      ...{ services, pull: options.pull ?? false, refresh: options.refresh ?? false, signal: stop.signal },
      ...(options.registry === undefined ? {} : { registry: options.registry }),
      ...(network ? { network } : {}),
    });
    tell(options, report, renderBuilt);
    if (!report.isReady) throw new CommandEnd(exitCodes.failed, '');
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

/** `images NAME` lists the service of that name; a name that no service has was meant as a sub-command. */
function refuseUnknownCommand(images: Command, [name]: readonly string[], { config }: ImageOptions): void {
  const commands = images.commands.map((command) => command.name());
  if (name === undefined || commands.includes(name)) return;
  const { services } = loadSettings(config ?? defaultConfig, { secrets: 'unchecked' });
  if (Object.hasOwn(services, name)) return;
  throw new CommandEnd(
    exitCodes.usage,
    `\`resident images\` has no sub-command ${name}, and no service has that name. Sub-commands: ${commands.join(', ')}.`,
  );
}

/** Runs with a Docker engine, one that runs or our own, which is given up at the end. */
async function withParts(
  options: ImageOptions,
  services: readonly string[],
  work: (parts: ImageParts) => Promise<void>,
): Promise<void> {
  const settings = await resolveDeployedImages(loadSettings(options.config ?? defaultConfig, { secrets: 'unchecked' }));
  const known = listSandboxed(settings).map(({ service }) => service);
  const unknown = services.filter((service) => !known.includes(service));
  if (unknown.length > 0) {
    const have = known.length === 0 ? 'none has' : `${known.join(', ')} have`;
    throw new CommandEnd(exitCodes.usage, `No \`sandbox\` is configured for ${unknown.join(', ')}; ${have} one.`);
  }
  const onProgress = (text: string) => note(paint('dim', text));
  const engine = await findDocker({ mayInstall: options.install, say: onProgress });
  if (!engine)
    throw new CommandEnd(exitCodes.failed, 'Images need a Docker engine: start one, or point DOCKER_HOST to it.');
  try {
    await work(createImageParts({ settings, dockerHost: engine.host, cacheFolder: cacheFolder(), onProgress }));
  } finally {
    await engine.stop();
  }
}
