import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { connect } from '../client/connect.ts';
import { createIncidentClient, type IncidentClient } from '../client/incident-client.ts';
import { loadSettings, loadTemporalConnection } from '../config.ts';
import type { ResidentSettings } from '../domain/settings.ts';
import { isSameProcess } from '../setup/process-identity.ts';
import { CommandEnd, exitCodes } from './exit.ts';
import { readRunFile } from './run-file.ts';

export interface CommonOptions {
  readonly config?: string;
  readonly json?: boolean;
}

export interface CommandContext {
  readonly incidents: IncidentClient;
  /** Absent when there is no resident.yaml and Temporal's address came from the environment. */
  readonly settings?: ResidentSettings;
  readonly temporal: { readonly address: string; readonly namespace: string };
  /** Link to a run in the Temporal UI, where we know the UI. */
  readonly linkTo: (incidentId: string, runId: string) => string | undefined;
  close(): Promise<void>;
}

export const defaultConfig = 'resident.yaml';

export function withConfig(command: Command): Command {
  return command.option('-c, --config <file>', `configuration (default: ./${defaultConfig})`);
}

export function withJson(command: Command): Command {
  return withConfig(command).option('--json', 'print JSON');
}

/**
 * Reaches Temporal: the environment first, then the configuration, then a running `resident up` beside it.
 * No secret of the configuration is needed for that.
 */
export function openContext(options: CommonOptions): CommandContext {
  const file = options.config ?? defaultConfig;
  const settings =
    options.config !== undefined || existsSync(file) ? loadSettings(file, { secrets: 'unchecked' }) : undefined;
  const run = readRunFile(settings?.stateFolder ?? path.resolve('.resident'));
  const found = loadTemporalConnection({
    address: settings?.temporal.address ?? run?.temporal?.address,
    namespace: settings?.temporal.namespace ?? run?.temporal?.namespace,
  });
  if (!found) {
    throw new CommandEnd(
      exitCodes.usage,
      `No Temporal is known: nothing runs here, and neither TEMPORAL_ADDRESS nor temporal.address is set. Start with \`resident up --config ${file}\`.`,
    );
  }
  const client = connect(found);
  const ui = run?.temporal?.address === found.address ? run.temporal.uiAddress : undefined;
  return {
    incidents: createIncidentClient(client, { debounceMs: settings?.timings.debounceMs ?? 5_000 }),
    ...(settings ? { settings } : {}),
    temporal: { address: found.address, namespace: found.namespace },
    linkTo: (incidentId, runId) =>
      ui && `${ui}/namespaces/${found.namespace}/workflows/${encodeURIComponent(incidentId)}/${runId}/user-metadata`,
    close: () => client.connection.close(),
  };
}

/** A killed `up` leaves its notes behind; the Temporal that it started died with it, and gRPC knows only that time is up. */
function explainSilence(options: CommonOptions, { settings, temporal }: CommandContext, why: string): string {
  const run = readRunFile(settings?.stateFolder ?? path.resolve('.resident'));
  const isOurs = run?.processes['temporal'] !== undefined && run.temporal?.address === temporal.address;
  if (!run || !isOurs || isSameProcess(run.supervisor)) {
    return `Temporal at ${temporal.address} does not answer: ${why}`;
  }
  return (
    `\`resident up\` is not running: its recorded process ${run.supervisor.pid}, begun ${run.startedAt}, is gone, and nothing answers at ${temporal.address}. ` +
    `Start it again with \`resident up --config ${options.config ?? defaultConfig}\`; what was open goes on.`
  );
}

/** Runs a command with a connection that is closed at its end. */
export async function withContext(
  options: CommonOptions,
  work: (context: CommandContext) => Promise<void>,
): Promise<void> {
  const context = openContext(options);
  try {
    await context.incidents.ping().catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      throw new CommandEnd(exitCodes.failed, explainSilence(options, context, why));
    });
    await work(context);
  } finally {
    await context.close();
  }
}
