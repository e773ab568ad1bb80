import { constants } from 'node:os';
import type { Command } from 'commander';
import { connect } from '../../client/connect.ts';
import { createIncidentClient } from '../../client/incident-client.ts';
import { loadSettings, loadTemporalConnection, readVariable } from '../../config.ts';
import type { ResidentSettings } from '../../domain/settings.ts';
import { defaultConfig, withConfig, type CommonOptions } from '../context.ts';
import { messageOf } from '../exit.ts';
import { note, paint, renderTime, say } from '../output.ts';
import { createStartTemporal, findDocker, usesSandbox, type ServerOptions } from '../servers.ts';
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
      if (settings.engine.kind === 'claude' && readVariable('ANTHROPIC_API_KEY') === undefined)
        tell('engine.kind is claude, and ANTHROPIC_API_KEY is not set: the built-in analyst works alone');
      const signals = listenForSignals();
      const servers: ServerOptions = { settings, namespace, mayInstall: options.install, say: tell };
      const supervisor = await supervise({
        settings,
        namespace,
        ...(external ? { temporalAddress: external.address } : {}),
        startTemporal: createStartTemporal(servers),
        ...(options.docker && usesSandbox(settings) ? { findDocker: () => findDocker(servers) } : {}),
        say: tell,
      });
      const ended = signals.takeOver();
      introduce(supervisor);
      await tellOpen(supervisor, settings, tell);
      const end = await Promise.race([ended, supervisor.failed]);
      if (typeof end === 'string') tell(`ending after ${end}; once more ends it at once`);
      await supervisor.stop();
      signals.release();
      if (typeof end !== 'string') throw end;
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

/** What was open before goes on now; whoever starts Resident should know what it is at work on. */
async function tellOpen(supervisor: Supervisor, settings: ResidentSettings, tell: (text: string) => void) {
  const connection = loadTemporalConnection({ ...settings.temporal, ...supervisor.run().temporal });
  if (!connection) return;
  const client = connect(connection);
  try {
    const open = await createIncidentClient(client, settings.timings).list({ open: true });
    if (open.length === 0) return;
    tell(`${open.length === 1 ? 'one open incident goes' : `${open.length} open incidents go`} on:`);
    for (const { service, phase, awaitingApproval, openedAt } of open) {
      const wait = awaitingApproval ? `, awaits a decision: resident approve ${service}` : '';
      tell(`  ${service}, in phase ${phase}, since ${renderTime(openedAt)}${wait}`);
    }
  } catch (error) {
    tell(`whether incidents are open cannot be read now: ${messageOf(error)}`);
  } finally {
    await client.connection.close();
  }
}

function introduce(supervisor: Supervisor): void {
  const { temporal, gateway, docker } = supervisor.run();
  say(`Temporal  ${temporal?.address ?? '?'}`);
  if (temporal?.uiAddress) say(`UI        ${temporal.uiAddress}`);
  say(`Gateway   ${gateway?.address ?? 'not listening yet; see the log above'}`);
  if (docker) say(`Sandbox   ${docker.address}${docker.isOurs ? " (Resident's own engine)" : ''}`);
  say('Ctrl-C ends it; what is open goes on with the next `resident up`.');
}
