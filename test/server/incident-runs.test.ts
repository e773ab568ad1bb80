import { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFindPreviousRun } from '../../src/adapters/incident-runs.ts';
import { findTemporal } from '../find-program.ts';

const program = await findTemporal();
if (!program) process.stderr.write('SKIPPED, runs before an incident: no Temporal program was found.\n');

describe.skipIf(!program)('createFindPreviousRun on a real server', () => {
  let environment: TestWorkflowEnvironment | undefined;
  beforeAll(async () => {
    environment = await TestWorkflowEnvironment.createLocal({
      server: { executable: { type: 'existing-path', path: program ?? '' }, log: { format: 'pretty', level: 'error' } },
    });
  });
  afterAll(() => environment?.teardown());

  function connect() {
    if (!environment) throw new Error('the server did not start');
    const { client } = environment;
    const start = (service: string) =>
      client.workflow.start('incident', {
        workflowId: `incident/${service}`,
        taskQueue: 'nobody',
        args: [{ service }],
      });
    const find = createFindPreviousRun({ client, log: (...entry) => console.error(...entry), tries: 20, pauseMs: 250 });
    return { client, start, find };
  }

  it.each(['order-service', "o'rder-service"])('links %s to its run before, and only to that one', async (service) => {
    const { start, find } = connect();
    const first = await start(service);
    await first.terminate('closed');
    const other = await start(`${service}-2`);
    await other.terminate('closed');
    // The server keeps a second between two runs of one id.
    await expect.poll(() => start(service).catch(() => undefined), { timeout: 10_000, interval: 200 }).toBeDefined();
    const { client } = connect();
    const second = await client.workflow.getHandle(`incident/${service}`).describe();
    expect(second.runId).not.toBe(first.firstExecutionRunId);
    expect(await find(service, second.runId)).toBe(first.firstExecutionRunId);
    expect(await connect().find(service, first.firstExecutionRunId)).toBeUndefined();
  });
});
