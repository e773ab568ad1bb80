import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Command } from 'commander';
import { childEnvironment } from '../../config.ts';
import { whenOrphaned } from '../../setup/orphaned.ts';
import { CommandEnd } from '../exit.ts';
import { programFor } from '../program.ts';

export function addDemo(program: Command): void {
  program
    .command('demo')
    .description('break a small shop and watch it being diagnosed and repaired')
    .allowUnknownOption()
    .helpOption(false)
    .argument('[options...]', 'handed on to the demo; `resident demo --help` lists them')
    .action(async (_: unknown, __: unknown, command: Command) => runDemo(command.args));
}

/** The demo is a program beside src/, which knows nothing of its shop; terminal and signals are handed through. */
async function runDemo(args: readonly string[]): Promise<void> {
  const { command, args: argv, environment } = programFor('demo/main.ts', args);
  const child = spawn(command, argv, { stdio: 'inherit', env: childEnvironment(environment) });
  // A terminal sends Ctrl-C to the child as well; it is the child that ends, and we with it.
  const handOn = (signal: NodeJS.Signals) => void (process.stdin.isTTY || child.kill(signal));
  process.on('SIGINT', handOn);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  process.on('SIGHUP', () => child.kill('SIGHUP'));
  whenOrphaned(() => child.kill('SIGTERM'));
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (exitCode, signal) => resolve(exitCode ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
  if (code !== 0) throw new CommandEnd(code, '');
}
