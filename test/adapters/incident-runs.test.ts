import { describe, expect, it } from 'vitest';
import { createFindPreviousRun, type RunLister } from '../../src/adapters/incident-runs.ts';

interface Run {
  readonly runId: string;
  readonly startTime: Date;
  readonly status: { readonly name: string };
}
const run = (runId: string, minute: number, status = 'COMPLETED'): Run => ({
  runId,
  startTime: new Date(minute * 60_000),
  status: { name: status },
});

function lookUp(answers: readonly (readonly Run[])[], current = run('now', 10, 'RUNNING')) {
  const queries: string[] = [];
  const logged: string[] = [];
  const client = {
    workflow: {
      getHandle: () => ({ describe: async () => current }),
      list: ({ query }: { query: string }) => {
        queries.push(query);
        return (answers[queries.length - 1] ?? [])[Symbol.iterator]();
      },
    },
  } as unknown as RunLister;
  return {
    queries,
    logged,
    find: createFindPreviousRun({ client, log: (message) => logged.push(message), pauseMs: 1 }),
  };
}

describe('createFindPreviousRun', () => {
  it('finds the newest closed run before this one', async () => {
    const { find } = lookUp([[run('later', 12), run('now', 10, 'RUNNING'), run('old', 1), run('newer', 5, 'FAILED')]]);
    expect(await find('order', 'now')).toBe('newer');
  });

  it('skips the links of an incident that continued as new', async () => {
    const { find } = lookUp([[run('link', 8, 'CONTINUED_AS_NEW'), run('old', 1)]]);
    expect(await find('order', 'now')).toBe('old');
  });

  it('asks again while visibility has not caught up, and stops soon', async () => {
    const late = lookUp([[], [run('old', 1)]]);
    expect(await late.find('order', 'now')).toBe('old');
    const never = lookUp([]);
    expect(await never.find('order', 'now')).toBeUndefined();
    expect(never.queries).toHaveLength(2);
  });

  it('keeps a quote in a service name from changing the query', async () => {
    const { find, queries } = lookUp([[run('old', 1)]]);
    await find("x' OR '1'='1", 'now');
    expect(queries).toEqual(["WorkflowId = 'incident/x'' OR ''1''=''1'"]);
  });

  it('logs trouble and answers nothing, because a missing link fails no incident', async () => {
    const client = {
      workflow: { getHandle: () => ({ describe: async () => Promise.reject(new Error('UNAVAILABLE')) }) },
    };
    const logged: unknown[] = [];
    const find = createFindPreviousRun({
      client: client as unknown as RunLister,
      log: (...entry) => logged.push(entry),
    });
    expect(await find('order', 'now')).toBeUndefined();
    expect(JSON.stringify(logged)).toContain('UNAVAILABLE');
  });
});
