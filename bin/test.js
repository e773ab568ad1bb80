#!/usr/bin/env node
// `npm test`: sets up what the tests need, then runs them all. Arguments go on to vitest, for example `npm test -- --project unit`.
import { register } from 'tsx/esm/api';

register();
const { runTests } = await import('../test/run.ts');
process.exitCode = await runTests(process.argv.slice(2));
