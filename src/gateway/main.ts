import process from 'node:process';
import { parseArgs } from 'node:util';
import { serve, type ServerType } from '@hono/node-server';
import { connect } from '../client/connect.ts';
import { createIncidentClient } from '../client/incident-client.ts';
import { listKnownSecrets, loadSettings, loadTemporalConnection, resolveSecret } from '../config.ts';
import { createRedact } from '../domain/redaction.ts';
import { createLogger } from '../logger.ts';
import { createApp } from './app.ts';

// The gateway process: node --import tsx src/gateway/main.ts --config resident.yaml [--listen host:port]

const logger = createLogger('gateway');

function start(): void {
  const { values } = parseArgs({
    options: { config: { type: 'string', default: 'resident.yaml' }, listen: { type: 'string' } },
  });
  const settings = loadSettings(values.config);
  const temporal = loadTemporalConnection(settings.temporal);
  if (!temporal) throw new Error('No Temporal: set TEMPORAL_ADDRESS or temporal.address, or start with `resident up`.');
  const redact = createRedact({ secrets: listKnownSecrets(settings) });
  const incidents = createIncidentClient(connect(temporal), { debounceMs: settings.timings.debounceMs, redact });
  const app = createApp({ incidents, settings, resolveSecret, logger });
  const listen = values.listen ?? `${settings.gateway.host}:${settings.gateway.port}`;
  const colon = listen.lastIndexOf(':');
  const hostname = listen.slice(0, colon);
  const server = serve({ fetch: app.fetch, hostname, port: Number(listen.slice(colon + 1)) }, ({ port }) => {
    const address = `http://${hostname.includes(':') ? `[${hostname}]` : hostname}:${port}`;
    logger.info({ address, temporal: temporal.address }, 'listening');
    // The supervisor learns the port that the system chose.
    process.send?.({ listening: address });
  });
  server.on('error', (error) => fail(error, listen));
  // A sender that trickles its body must not hold a connection for ever.
  if ('requestTimeout' in server) server.requestTimeout = 15_000;
  endWith(server);
}

/** Ends on a signal, or with the supervisor: requests at work are answered first. */
function endWith(server: ServerType): void {
  let isEnding = false;
  const end = (why: string) => {
    if (isEnding) return;
    isEnding = true;
    logger.info({ why }, 'ending');
    server.close(() => process.exit(0));
    if ('closeIdleConnections' in server) server.closeIdleConnections();
    setTimeout(() => process.exit(0), 5_000).unref();
  };
  process.on('SIGTERM', () => end('SIGTERM'));
  process.on('SIGINT', () => end('SIGINT'));
  process.on('disconnect', () => end('the supervisor is gone'));
}

/** Ends, and tells the supervisor why: its terminal is where people look. */
function fail(error: unknown, address?: string): void {
  const reason = error instanceof Error ? error.message : String(error);
  logger.fatal({ error: reason }, 'the gateway cannot start');
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  const end = () => process.exit(1);
  if (process.send) process.send({ cannotStart: { reason, code, address } }, end);
  else end();
}

try {
  start();
} catch (error) {
  fail(error);
}
