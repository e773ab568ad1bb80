import { spawn } from 'node:child_process';
import { endWithUs } from './end-with-us.ts';
import { messageOf } from './errors.ts';
import { signalGroup } from './process-identity.ts';

export interface CommandOptions {
  readonly cwd?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly limitMs: number;
  /** Gets each line of output as it comes, to show that something goes on. */
  readonly onLine?: (line: string) => void;
}

export interface CommandResult {
  readonly ok: boolean;
  /** Standard output and error, the last 20,000 characters. */
  readonly output: string;
  /** Why it is not ok: exit code, signal, time limit, not found. */
  readonly reason: string;
}

/** Runs a program to its end in its own process group, which is ended at the limit and with this process. Never throws. */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      ...(options.cwd && { cwd: options.cwd }),
      env: options.env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let isLate = false;
    const end = (signal: NodeJS.Signals) => child.pid !== undefined && signalGroup(child.pid, signal);
    const closed = new Promise<void>((done) => child.once('close', () => done()).once('error', () => done()));
    const untie = endWithUs({
      stop: async () => {
        end('SIGTERM');
        const force = setTimeout(() => end('SIGKILL'), 2_000);
        await closed;
        clearTimeout(force);
      },
      endNow: () => end('SIGKILL'),
    });
    const timer = setTimeout(() => {
      isLate = true;
      end('SIGKILL');
    }, options.limitMs);
    const settle = (ok: boolean, reason: string) => {
      clearTimeout(timer);
      untie();
      resolve({ ok, output: output.trim(), reason });
    };
    const take = (chunk: Buffer) => {
      const text = chunk.toString('utf8');
      output = (output + text).slice(-20_000);
      for (const line of text.split('\n')) if (line.trim()) options.onLine?.(line.trim());
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.once('error', (error) => settle(false, messageOf(error)));
    child.once('close', (code, signal) => {
      if (isLate) settle(false, `no end after ${options.limitMs / 1000} s`);
      else settle(code === 0, code === 0 ? '' : `${command} ended with ${signal ?? `exit code ${code}`}`);
    });
  });
}
