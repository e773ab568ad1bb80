import { pino, type Logger } from 'pino';

export type { Logger };

/** JSON lines on standard error; standard output belongs to the commands. */
export function createLogger(name: string, level = 'info'): Logger {
  return pino({ name, level }, pino.destination(2));
}
