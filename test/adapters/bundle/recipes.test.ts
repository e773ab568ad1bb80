import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { changeRecord, metricRecord } from '../../../src/adapters/bundle/records.ts';
import { createRepository } from '../../fakes/repository.ts';

const page = readFileSync(path.resolve(import.meta.dirname, '../../../docs/bundle.md'), 'utf8');
const [ofGit = '', ofPrometheus = ''] = [...page.matchAll(/```sh\n(node -e [\s\S]*?)```/g)].map(
  ([, code]) => code ?? '',
);

test('the recipe for Git in docs/bundle.md prints commits with their diffs', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'recipe-'));
  const repository = createRepository(folder);
  repository.commit('2026-11-20T10:00:00Z', 'first', { 'lib/cart.js': 'a\n' });
  repository.commit('2026-11-20T11:00:00Z', 'second', { 'lib/cart.js': 'b\n' });
  const lines = execFileSync('sh', ['-c', ofGit], { cwd: folder, encoding: 'utf8' }).trim().split('\n');
  const [second, first] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(changeRecord.parse(second)).toMatchObject({
    subject: 'second',
    parent: first?.['id'],
    files: [{ path: 'lib/cart.js', diff: '@@ -1 +1 @@\n-a\n+b\n' }],
  });
  expect(first).toMatchObject({ subject: 'first', parent: null });
});

test('the recipe for Prometheus in docs/bundle.md prints series', () => {
  const result = [{ metric: { pod: 'a' }, values: [[1_795_000_000, '0.25']] }];
  const input = JSON.stringify({ status: 'success', data: { resultType: 'matrix', result } });
  const line = execFileSync('sh', ['-c', ofPrometheus], { input, encoding: 'utf8' });
  const record = JSON.parse(line) as { points: unknown };
  expect(record).toMatchObject({ labels: { pod: 'a' }, points: [[1_795_000_000, '0.25']] });
  expect(metricRecord.safeParse({ ...record, points: [] }).success).toBe(true);
});
