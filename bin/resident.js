#!/usr/bin/env node
// Runs src/cli/main.ts in this very process, through tsx: no build step, one process, so signals and exit codes are its own.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const root = path.resolve(import.meta.dirname, '..');

if (!existsSync(path.join(root, 'node_modules', 'tsx', 'package.json'))) {
  console.error(
    `resident: its packages are not installed in ${root}. Run \`npm ci\` there (or \`node bin/setup.js\`), then try again.`,
  );
  process.exit(2);
}

const { register } = await import('tsx/esm/api');
register({ tsconfig: path.join(root, 'tsconfig.json') });
await import(pathToFileURL(path.join(root, 'src', 'cli', 'main.ts')).href);
