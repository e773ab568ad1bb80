import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { IncidentState } from '../domain/incident/incident.ts';
import { CommandEnd, exitCodes, messageOf } from './exit.ts';
import { plain } from './output.ts';

export interface RunOutput {
  readonly revision: string;
  /** SHA-256 (hex) of the bytes as they were written. */
  readonly digest: string;
  /** Cleaned of what would act on a terminal; the bytes themselves lie in the evidence store. */
  readonly output: string;
}

/**
 * All that a run in the sandbox wrote, from the evidence store beside the configuration (a body lies at
 * `evidence/ab/cd/<the other 60 digits>`). It was produced by untrusted code, so it is shown sanitised and its digest checked.
 */
export async function readRunOutput(
  { reproduction, incidentId }: Pick<IncidentState, 'reproduction' | 'incidentId'>,
  wanted: string,
  stateFolder: string,
): Promise<RunOutput> {
  const all = [...(reproduction?.runs ?? []), ...(reproduction?.fix?.runs ?? [])];
  const runs = all.filter(({ outputDigest = '' }) => outputDigest !== '');
  const found = runs.find(({ outputDigest }) => wanted.length >= 8 && outputDigest?.startsWith(wanted));
  if (!found?.outputDigest) {
    const known = [...new Set(runs.map(({ outputDigest = '' }) => outputDigest.slice(0, 12)))].join(', ');
    const words = known === '' ? 'no run in the sandbox left one' : `its runs left ${known}`;
    throw new CommandEnd(
      exitCodes.usage,
      `${incidentId} has no output ${wanted}: ${words}. Give eight digits or more.`,
    );
  }
  const digest = found.outputDigest;
  const file = path.resolve(stateFolder, 'evidence', digest.slice(0, 2), digest.slice(2, 4), digest.slice(4));
  const bytes = await readFile(file).catch((error: unknown) => {
    throw new CommandEnd(exitCodes.failed, `The output cannot be read from the evidence store: ${messageOf(error)}`);
  });
  if (createHash('sha256').update(bytes).digest('hex') !== digest) {
    throw new CommandEnd(exitCodes.failed, `${file} does not have the digest that names it: it was changed.`);
  }
  return { revision: found.revision, digest, output: plain(bytes.toString('utf8')) };
}
