import { toOneLine } from '../domain/text.ts';
import { findPortHolder } from '../setup/port-holder.ts';

/** Why a child of ours could not start, in its own words. */
export interface StartTrouble {
  readonly reason: string;
  /** The system's error code, `EADDRINUSE` for one. */
  readonly code?: string;
  /** host:port, where the trouble is with an address to listen on. */
  readonly address?: string;
}

/** What a child says of itself over its channel: that it is at work, or why it cannot be. */
export function readChildMessage(message: unknown): { readonly isUp: boolean; readonly trouble?: StartTrouble } {
  const { listening, polling, cannotStart } = message as {
    readonly listening?: string;
    readonly polling?: unknown;
    readonly cannotStart?: StartTrouble;
  };
  return { isUp: Boolean(listening ?? polling), ...(cannotStart ? { trouble: cannotStart } : {}) };
}

/** What to do about a child that cannot start, for the person at the terminal. */
export async function adviseOnStart(role: string, trouble: StartTrouble | undefined, logFile: string): Promise<string> {
  const start = `The ${role} cannot start`;
  const log = `Its log: ${logFile}`;
  if (!trouble) return `${start}: it ended at once, again and again, without a word. ${log}`;
  const { reason, code, address } = trouble;
  const change = 'or let it listen elsewhere: `gateway.listen` in resident.yaml (port 0 takes a free one)';
  if (code === 'EADDRINUSE' && address !== undefined) {
    const holder = await findPortHolder(portOf(address));
    const who = holder ? `process ${holder.pid} (${holder.command.slice(0, 200)})` : 'another process';
    return `${start}: ${address} is in use by ${who}. End that one, ${change}.`;
  }
  if (code === 'EACCES' || code === 'EADDRNOTAVAIL') {
    const why = code === 'EACCES' ? 'this user may not listen there' : 'this machine has no such address';
    return `${start}: ${address}: ${why}. Change \`gateway.listen\` in resident.yaml.`;
  }
  return `${start}: ${shorten(reason)}. ${log}`;
}

/** A reason for one line of a terminal; the log holds all of it. */
export function shorten(reason: string): string {
  return toOneLine(reason, 300).replace(/\.$/, '');
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1));
}
