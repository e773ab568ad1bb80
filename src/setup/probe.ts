import { request } from 'node:http';
import { connect } from 'node:net';
import { homedir } from 'node:os';
import path from 'node:path';
import type { Program } from './programs.ts';
import { runCommand } from './run-command.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Whether something accepts a TCP connection there. */
export async function acceptsTcp(host: string, port: number, limitMs = 2_000): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: limitMs });
    const settle = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => settle(true));
    socket.once('timeout', () => settle(false));
    socket.once('error', () => settle(false));
  });
}

/** A Docker engine's version when it answers at this socket file; undefined when it does not. */
export async function dockerVersionAt(socketPath: string, limitMs = 2_000): Promise<string | undefined> {
  const text = await askDocker(socketPath, '/version', limitMs);
  return /"Version":\s*"([^"]+)"/.exec(text ?? '')?.[1];
}

/** What a Docker engine answers to a GET; undefined when none answers at this socket file within the limit. */
export async function askDocker(socketPath: string, url: string, limitMs = 5_000): Promise<string | undefined> {
  return new Promise((resolve) => {
    const ask = request({ socketPath, path: url, timeout: limitMs }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
      response.once('error', () => resolve(undefined));
      response.once('end', () => resolve(response.statusCode === 200 ? text : undefined));
    });
    ask.once('timeout', () => ask.destroy(new Error('late')));
    ask.once('error', () => resolve(undefined));
    ask.end();
  });
}

/** Whether an HTTP address answers with success. */
export async function answersHttp(url: string, limitMs = 2_000): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(limitMs) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false; // Refused, late or broken: it does not answer.
  }
}

/** Whether the server that a variable names can be reached; `ssh://` engines are taken on trust. */
export async function answers(address: string): Promise<boolean> {
  if (address.startsWith('unix://')) return (await dockerVersionAt(address.slice('unix://'.length))) !== undefined;
  if (address.startsWith('ssh://')) return true;
  const url = new URL(/^[a-z+]+:\/\//.test(address) ? address : `tcp://${address}`);
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
  return acceptsTcp(url.hostname.replace(/^\[|\]$/g, ''), port);
}

/** What a program says of its version; undefined when it does not run here. */
export async function versionOf(
  file: string,
  { version, versionArgs = ['--version'] }: Pick<Program, 'version' | 'versionArgs'>,
  env: Environment,
): Promise<string | undefined> {
  const told = await runCommand(file, versionArgs, { env: environmentFor(file, env), limitMs: 10_000 });
  return told.ok ? version.exec(told.output)?.[1] : undefined;
}

/** The environment for a program of the cache folder: its siblings on the PATH, and the libraries that came with it. */
export function environmentFor(file: string, env: Environment): Environment {
  const folder = path.dirname(file);
  const join = (...parts: (string | undefined)[]) => parts.filter(Boolean).join(path.delimiter);
  return {
    ...env,
    PATH: join(folder, env['PATH'], '/usr/sbin', '/sbin'),
    LD_LIBRARY_PATH: join(env['LD_LIBRARY_PATH'], path.join(folder, 'lib')),
  };
}

/** Fills in `~` and `$XDG_RUNTIME_DIR`; undefined when the variable is not set. */
export function expandSocket(socket: string, env: Environment): string | undefined {
  if (socket.startsWith('~')) return path.join(env['HOME'] ?? homedir(), socket.slice(1));
  if (!socket.startsWith('$XDG_RUNTIME_DIR')) return socket;
  const runtime = env['XDG_RUNTIME_DIR'];
  return runtime ? socket.replace('$XDG_RUNTIME_DIR', runtime) : undefined;
}

/** Whether a dotted version is at least another, by its leading numbers. */
export function isAtLeast(version: string, least: string): boolean {
  const numbers = (text: string) => text.split(/[.+~-]/).map((part) => Number.parseInt(part, 10) || 0);
  const [have, want] = [numbers(version), numbers(least)];
  for (const [index, wanted] of want.entries()) {
    const had = have[index] ?? 0;
    if (had !== wanted) return had > wanted;
  }
  return true;
}
