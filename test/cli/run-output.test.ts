import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEvidenceStore } from '../../src/adapters/evidence-store.ts';
import { readRunOutput } from '../../src/cli/run-output.ts';
import type { SandboxRun } from '../../src/domain/reproduction/reproduction.ts';
import { closedState } from '../incident-state.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'resident-output-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const written = 'not ok 1\u001b[2J\u202e\u0000 - all of it\n';

async function store(): Promise<{ digest: string; state: Parameters<typeof readRunOutput>[0] }> {
  const { digest } = await createEvidenceStore({ folder: path.join(folder, 'evidence') }).put(written);
  const reproduction = closedState.reproduction!;
  const [first] = reproduction.runs;
  const runs: SandboxRun[] = [{ ...first!, outputDigest: digest }];
  return { digest, state: { incidentId: 'incident/order-service', reproduction: { ...reproduction, runs } } };
}

describe('the output of a run', () => {
  it('is printed whole by the digits of its digest, without what would act on a terminal', async () => {
    const { digest, state } = await store();
    expect(digest).toBe(createHash('sha256').update(written).digest('hex'));
    const read = await readRunOutput(state, digest.slice(0, 12), folder);
    expect(read).toMatchObject({ digest, output: 'not ok 1 - all of it\n' });
  });

  it('is found among the runs of the candidate fix too', async () => {
    const { digest, state } = await store();
    const { runs, ...rest } = state.reproduction!;
    const fix = { source: 'revert', of: 'b'.repeat(40), verdict: 'fixes', reason: '', newlyBroken: [], runs } as const;
    const fixed = { ...state, reproduction: { ...rest, runs: [], fix } };
    expect(await readRunOutput(fixed, digest.slice(0, 12), folder)).toMatchObject({ digest });
  });

  it('is refused where no run has it, or its bytes were changed', async () => {
    const { digest, state } = await store();
    await expect(readRunOutput(state, 'ffffffffffff', folder)).rejects.toThrow(digest.slice(0, 12));
    await expect(readRunOutput(state, digest.slice(0, 3), folder)).rejects.toThrow('eight digits');
    await expect(readRunOutput({ incidentId: 'incident/x' }, digest, folder)).rejects.toThrow('no run in the sandbox');
    const file = path.join(folder, 'evidence', digest.slice(0, 2), digest.slice(2, 4), digest.slice(4));
    await writeFile(file, 'forged');
    await expect(readRunOutput(state, digest, folder)).rejects.toThrow('it was changed');
  });
});
