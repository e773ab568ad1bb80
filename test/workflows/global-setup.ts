import type { TestProject } from 'vitest/node';
import { cacheFolder } from '../../src/config.ts';
import { buildWorkflowBundle } from '../../src/workers/workflow-bundle.ts';
import { findTemporal } from '../find-program.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Path of the Temporal program; empty when there is none, and then tests that need a server are skipped aloud. */
    temporalProgram: string;
    workflowBundle: string;
  }
}

/** The bundle is built once for all tests. */
export default async function setup(project: TestProject): Promise<void> {
  project.provide('workflowBundle', await buildWorkflowBundle(cacheFolder()));
  const program = await findTemporal();
  if (!program)
    process.stderr.write('SKIPPED, workflow tests: no Temporal program was found; `npm test` installs one.\n');
  project.provide('temporalProgram', program ?? '');
}
