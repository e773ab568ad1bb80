import { pino, type Logger } from 'pino';

export type { Logger };

/** JSON lines on standard error; standard output belongs to the commands. */
export function createLogger(name: string, level = 'info'): Logger {
  // Temporal's SDK hands its errors over under `error`; without this they would be written as {}.
  return pino({ name, level, serializers: { error: pino.stdSerializers.err } }, pino.destination(2));
}
