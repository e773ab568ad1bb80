import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { driveReason, testKey } from './drive-reason.ts';
import { failureRows, type Peer } from './failure-rows.ts';

let peer: Peer | undefined;
afterEach(async () => {
  await peer?.stop();
  peer = undefined;
});

const table: string[] = [];
afterAll(() => {
  const head =
    '| what answers | failure type | tried again | attempts | whose diagnosis stands | what a person reads |';
  process.stdout.write(`\n${[head, '|---|---|---|---|---|---|', ...table].join('\n')}\n\n`);
});

describe('the real reason activity and engine over HTTP, when the API fails', () => {
  it.each(failureRows.map((row) => [row.what, row] as const))('%s', async (what, row) => {
    peer = await row.start();
    const { diagnosis, failures, attempts } = await driveReason({ baseUrl: peer.url, ...row.drive });
    const note = diagnosis.missing.at(-1) ?? '';
    const [failure] = failures;
    const again =
      failure === undefined
        ? 'no'
        : failure.nextRetryDelayMs === undefined
          ? 'yes'
          : `yes, after ${failure.nextRetryDelayMs} ms`;
    table.push(
      `| ${what} | ${failure?.type ?? ''} | ${again} | ${attempts} | ${diagnosis.engine} | ${row.note ? note : ''} |`,
    );

    for (const one of failures) expect(one).toEqual({ ...row.failure, isRetried: true });
    expect(failures.length > 0).toBe(row.failure !== undefined);
    expect(diagnosis.engine).toBe(row.stands);
    if (row.note) expect(note).toMatch(row.note);
    expect(note).toMatch(/^[^\p{Cc}\p{Cf}]{1,500}$/u);
    expect(JSON.stringify(diagnosis)).not.toContain(testKey);
    expect(attempts).toBe(row.attempts);
    if (!row.isUncounted) expect(peer.requests()).toBe(attempts);
  });
});
