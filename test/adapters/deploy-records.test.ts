import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDeployRecords } from '../../src/adapters/deploy-records.ts';

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(path.join(tmpdir(), 'resident-deploys-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

async function read(lines: readonly string[]) {
  const file = path.join(folder, 'deploys.jsonl');
  await writeFile(file, lines.join('\n'));
  return createDeployRecords().read(file, 'order');
}

describe('deploy records', () => {
  it('reads the deploys of one service, oldest first, and passes over unknown fields', async () => {
    const { deploys, others } = await read([
      '{"id":"d2","service":"order","revision":"bbbbbbb","previous":"aaaaaaa","at":"2026-11-21T10:00:00+01:00","by":"ana","pipeline":{"n":7}}',
      '{"id":"d1","service":"order","revision":"aaaaaaa","at":1795250000,"status":"success"}',
      '{"id":"d3","service":"user","revision":"ccccccc","at":"2026-11-21T10:00:00Z"}',
      '',
    ]);
    expect(deploys.map(({ id, at, status }) => [id, at, status])).toEqual(
      [
        ['d2', '2026-11-21T09:00:00.000Z', 'succeeded'],
        ['d1', '2026-11-21T08:33:20.000Z', 'succeeded'],
      ].toReversed(),
    );
    expect(others).toBe(1);
  });

  it('names bad lines and does not guess at them', async () => {
    const { deploys, badLines } = await read([
      '{"id":"d1","service":"order","revision":"aaaaaaa","at":"yesterday"}',
      '{"id":"d2","service":"order","rev',
      '{"id":"d3","service":"order","revision":"bbbbbbb","at":"2026-11-21T10:00:00Z","status":"odd"}',
      '{"id":"d4","service":"order","revision":"ccccccc","at":"2026-11-21T10:00:00Z"}',
    ]);
    expect(deploys.map(({ id }) => id)).toEqual(['d4']);
    expect(badLines.map(({ line }) => line)).toEqual([1, 2, 3]);
    expect(badLines[0]?.why).toContain('at: is not a time');
  });

  it('says which file is missing and where that is configured', async () => {
    await expect(createDeployRecords().read(path.join(folder, 'none.jsonl'), 'order')).rejects.toThrow(
      /none\.jsonl cannot be read.*deploys\.file/,
    );
  });
});
