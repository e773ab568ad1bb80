import { run } from './run.ts';

// bin/resident.js comes here, through tsx.
// A reader that has seen enough (`| head`) is no fault of the command.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  // Nothing can be told on a full disk but this, and an answer that was cut must not end as a success.
  process.stderr.write(`The output could not be written: ${error.message}\n`);
  process.exit(1);
});
process.exitCode = await run(process.argv.slice(2));
