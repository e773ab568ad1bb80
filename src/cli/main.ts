import { run } from './run.ts';

// bin/resident.js comes here, through tsx.
process.exitCode = await run(process.argv.slice(2));
