import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import { expect, it } from 'vitest';
import { withDependencies } from '../../src/adapters/dependencies/with-dependencies.ts';
import type { RunOrder, RunReport, Sandbox } from '../../src/adapters/docker/sandbox.ts';

it('reads a tree again that could not be read', async () => {
  const tar = pack();
  tar.entry({ name: 'app/a.txt' }, 'a');
  tar.finalize();
  const whole = (await buffer(tar)).subarray(0, -1024);
  const report: RunReport = { end: 'passed', exitCode: 0, durationMs: 1, output: Buffer.alloc(0), totalBytes: 0 };
  const sandbox: Pick<Sandbox, 'run' | 'runGroup'> = {
    run: async () => report,
    runGroup: () => Promise.reject(new Error('No request is replayed here.')),
  };
  const dependencies = { find: async () => ({ found: { kind: 'none' } }) as const, imageWith: async () => 'sha256:i' };
  const equipped = withDependencies(sandbox, dependencies, () => undefined);
  const order = (entries: Buffer): RunOrder => ({
    incidentId: 'i',
    runId: 'r',
    imageId: 'sha256:i',
    sources: [{ service: 'app', treeDigest: 'tree', entries, unpackedBytes: 1, files: 1 }],
    workService: 'app',
    setup: [],
    command: ['true'],
    limits: { memoryMb: 16, cpus: 1, timeoutMs: 1_000, outputBytes: 1_000 },
    signal: new AbortController().signal,
  });
  await expect(equipped.run(order(Buffer.alloc(512, 120)))).rejects.toThrow();
  await expect(equipped.run(order(whole))).resolves.toEqual(report);
});
