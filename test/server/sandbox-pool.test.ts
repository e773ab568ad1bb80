import { existsSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { identifyProcess } from '../../src/adapters/commands/process-identity.ts';
import { limitPool } from '../../src/adapters/docker/pool-cgroup.ts';
import { suggestConcurrent } from '../../src/adapters/docker/sandbox.ts';
import { address, expectNothingLeft, isEngineThere, limits, makeSandbox, runInside } from './sandbox-harness.ts';
import { labels } from '../../src/adapters/docker/policy.ts';

const poolLimits = { memoryMb: 160, processes: 2_000 };
const engine = isEngineThere ? await makeSandbox().sandbox.preflight() : undefined;
const made = engine?.ok
  ? await limitPool({ address, engine: engine.engine, owner: identifyProcess(process.pid), limits: poolLimits })
  : { reason: 'there is no Docker engine' };
const hasPool = 'cgroupParent' in made;
if (!hasPool) process.stderr.write(`SKIPPED, limits of all sandboxes together: ${made.reason}.\n`);

const size = suggestConcurrent();
const parts = isEngineThere ? makeSandbox({ concurrent: size }) : undefined!;

async function countContainers(): Promise<number> {
  const label = [`${labels.run}=run-${process.pid}`];
  return (await parts.docker.listContainers({ all: true, filters: { label } })).length;
}

describe.skipIf(!isEngineThere)('many sandboxes at once', () => {
  afterEach(() => expectNothingLeft(parts.docker));

  it('all end right, fifty of them, and never more at work than the pool takes', async () => {
    const wanted = Array.from({ length: 50 }, (_, index) => index);
    let most = 0;
    const counting = setInterval(() => void countContainers().then((now) => (most = Math.max(most, now))), 50);
    const startedAt = Date.now();
    const reports = await Promise.all(
      wanted.map((index) => runInside(parts, ['sh', '-c', `echo run ${index}; exit ${index % 5}`])),
    );
    clearInterval(counting);
    process.stderr.write(`50 runs in ${Date.now() - startedAt} ms, ${most} at once of ${size}\n`);
    expect(reports.map(({ output }) => output.toString())).toEqual(wanted.map((index) => `run ${index}\n`));
    expect(reports.map(({ end, exitCode }) => [end, exitCode])).toEqual(
      wanted.map((index) => [index % 5 === 0 ? 'passed' : 'failed', index % 5]),
    );
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(size);
  });

  it.skipIf(!hasPool)('have a limit together, and one that is ended for it is tried again, not judged', async () => {
    const together = makeSandbox({ concurrent: 2, poolLimits });
    const bomb = 'const all = []; for (;;) all.push(Buffer.alloc(8 << 20, 1));';
    await expect(runInside(together, ['node', '-e', bomb])).rejects.toMatchObject({
      trouble: { system: 'Sandbox', kind: 'PoolExhausted', retryable: true },
    });
    const own = { limits: { ...limits, memoryMb: 96 } };
    expect(await runInside(together, ['node', '-e', bomb], own)).toMatchObject({ end: 'out-of-memory' });
  });

  it.skipIf(!hasPool)('lie in a cgroup of their worker that has both limits', () => {
    const folder = 'cgroupParent' in made ? made.cgroupParent : '';
    const isUnified = existsSync('/sys/fs/cgroup/cgroup.controllers');
    const read = (v1: string, v2: string) =>
      readFileSync(
        isUnified ? `/sys/fs/cgroup${folder}/${v2}` : `/sys/fs/cgroup/${v1.split('.')[0]}${folder}/${v1}`,
        'utf8',
      );
    expect(read('memory.limit_in_bytes', 'memory.max').trim()).toBe(String(poolLimits.memoryMb << 20));
    expect(read('pids.max', 'pids.max').trim()).toBe(String(poolLimits.processes));
  });
});
