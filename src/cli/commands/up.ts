import { constants } from 'node:os';
import type { Command } from 'commander';
import { loadSettings, loadTemporalConnection } from '../../config.ts';
import { defaultConfig, withConfig, type CommonOptions } from '../context.ts';
import { note, paint, renderTime, say } from '../output.ts';
import { createStartTemporal, findDocker, type ServerOptions } from '../servers.ts';
import { supervise, type Supervisor } from '../supervisor.ts';

interface UpOptions extends CommonOptions {
  readonly install: boolean;
  readonly docker: boolean;
}

export function addUp(program: Command): void {
  withConfig(program.command('up'))
    .description('run the gateway, the workers and, where none is given, a Temporal server; goes on with what was open')
    .option('--no-install', 'fetch no missing program')
    .option('--no-docker', 'without a sandbox: plans are marked "not reproduced"')
    .action(async (options: UpOptions) => {
      const settings = loadSettings(options.config ?? defaultConfig);
      const external = loadTemporalConnection(settings.temporal);
      const namespace = external?.namespace ?? settings.temporal.namespace;
      const tell = (text: string) => note(`${paint('dim', renderTime(new Date().toISOString()).slice(11))}  ${text}`);
      const signals = listenForSignals();
      const servers: ServerOptions = { settings, namespace, mayInstall: options.install, say: tell };
      const supervisor = await supervise({
        settings,
        namespace,
        ...(external ? { temporalAddress: external.address } : {}),
        startTemporal: createStartTemporal(servers),
        ...(options.docker ? { findDocker: () => findDocker(servers) } : {}),
        say: tell,
      });
      const ended = signals.takeOver();
      introduce(supervisor);
      tell(`ending after ${await ended}; once more ends it at once`);
      await supervisor.stop();
      signals.release();
    });
}

/**
 * Until everything runs, a signal ends us at once, and what hangs on us with us. Then the first one ends in good order, and
 * the second at once.
 */
function listenForSignals() {
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  let onSignal = (signal: NodeJS.Signals): void => process.exit(128 + constants.signals[signal]);
  const endNow = onSignal;
  const listener = (signal: NodeJS.Signals) => onSignal(signal);
  for (const name of names) process.on(name, listener);
  return {
    takeOver: () =>
      new Promise<NodeJS.Signals>((resolve) => {
        onSignal = (signal) => {
          onSignal = endNow;
          resolve(signal);
        };
      }),
    release: () => names.forEach((name) => process.off(name, listener)),
  };
}

function introduce(supervisor: Supervisor): void {
  const { temporal, gateway } = supervisor.run();
  say(`Temporal  ${temporal?.address ?? '?'}`);
  if (temporal?.uiAddress) say(`UI        ${temporal.uiAddress}`);
  say(`Gateway   ${gateway?.address ?? 'not listening yet; see the log above'}`);
  say('Ctrl-C ends it; what is open goes on with the next `resident up`.');
}
