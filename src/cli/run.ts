import { Command, CommanderError } from 'commander';
import { packageVersion } from '../config.ts';
import { addAnalyze } from './commands/analyze.ts';
import { addCancel } from './commands/cancel.ts';
import { addCheck } from './commands/check.ts';
import { addApprove, addReject } from './commands/decide.ts';
import { addDemo } from './commands/demo.ts';
import { addDoctor } from './commands/doctor.ts';
import { addExport } from './commands/export.ts';
import { addFollow } from './commands/follow.ts';
import { addImages } from './commands/images.ts';
import { addList } from './commands/list.ts';
import { addOpen } from './commands/open.ts';
import { addReport } from './commands/report.ts';
import { addShow } from './commands/show.ts';
import { addSteer } from './commands/steer.ts';
import { addUp } from './commands/up.ts';
import { exitCodes, explainEnd } from './exit.ts';

export function createProgram(): Command {
  const program = new Command('resident')
    .description('A resident engineer for every service: from alert to a proven, approved and reversible fix.')
    .version(packageVersion)
    .showHelpAfterError('(resident --help lists the commands)')
    .exitOverride();
  const add = [
    addUp,
    addDoctor,
    addCheck,
    addOpen,
    addList,
    addShow,
    addFollow,
    addApprove,
    addReject,
    addSteer,
    addCancel,
  ];
  for (const addCommand of [...add, addReport, addExport, addAnalyze, addImages, addDemo]) addCommand(program);
  // A command inherits this only when it is made after it was set; these were made by their own files.
  for (const command of program.commands) command.exitOverride();
  return program;
}

/** Runs one command line. @returns the exit code. */
export async function run(argv: readonly string[]): Promise<number> {
  try {
    await createProgram().parseAsync([...argv], { from: 'user' });
    return exitCodes.done;
  } catch (error) {
    // Commander has said what is wrong by now; help and version end with 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    return explainEnd(error);
  }
}
