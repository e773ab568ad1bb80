import { Linter } from 'eslint';
import tseslint from 'typescript-eslint';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import layersPlugin, { layers } from '../layers.js';

// Mistakes that someone will make one day, and what the import table says to each.

const root = path.resolve(import.meta.dirname, '..');

function lint(file: string, code: string): readonly string[] {
  const linter = new Linter({ cwd: root });
  const config = {
    files: ['**/*.ts'],
    languageOptions: { parser: tseslint.parser },
    plugins: { layers: layersPlugin },
    rules: { 'layers/direction': 'error' },
  };
  return linter
    .verify(code, [config as Linter.Config], { filename: path.join(root, file) })
    .map(({ message }) => message);
}

describe('the import table', () => {
  it.each([
    ['src/workflows/incident.ts', "import { x } from '../activities/reason.ts';", 'except with `import type`'],
    ['src/workflows/phases/close.ts', "import { x } from '../../adapters/cedar.ts';", layers.workflows.why],
    ['src/workflows/incident.ts', "import { z } from 'zod';", layers.workflows.why],
    ['src/domain/plan/plan.ts', "import { readFile } from 'node:fs/promises';", layers.domain.why],
    ['src/domain/plan/plan.ts', "import { x } from '../../adapters/cedar.ts';", layers.domain.why],
    [
      'src/activities/reason/reason.ts',
      "import { createGit } from '../../adapters/git/git.ts';",
      layers.activities.why,
    ],
    ['src/adapters/cedar.ts', "import { x } from '../client/read.ts';", layers.adapters.why],
    ['src/gateway/app.ts', "import { x } from '../workers/parts.ts';", layers.gateway.why],
    ['src/cli/commands/up.ts', "export { x } from '../../adapters/docker/sandbox.ts';", layers.cli.why],
    ['src/cli/commands/up.ts', "import { x } from '../../adapters/bundle-of-others.ts';", layers.cli.why],
  ])('forbids %s to say %s, and names the reason', (file, code, reason) => {
    expect(lint(file, code)).toEqual([expect.stringContaining(reason) as string]);
  });

  it.each([
    ['src/workflows/incident.ts', "import type { AllActivities } from '../activities/contract.ts';"],
    ['src/workflows/incident.ts', "import { sleep } from '@temporalio/workflow';"],
    ['src/activities/reason/reason.ts', "import type { Git } from '../../adapters/git/git.ts';"],
    ['src/cli/commands/analyze.ts', "import { readBundle } from '../../adapters/bundle/read.ts';"],
    ['src/cli/commands/export.ts', "import { createEvidenceStore } from '../../adapters/evidence-store.ts';"],
    ['src/workers/main.ts', "import { createReason } from '../activities/reason.ts';"],
  ])('allows %s to say %s', (file, code) => {
    expect(lint(file, code)).toEqual([]);
  });
});
