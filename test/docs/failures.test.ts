import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { findFailureTypes } from './find-failures.ts';

const root = path.resolve(import.meta.dirname, '../..');
const rows = [
  ...readFileSync(path.join(root, 'docs/failures.md'), 'utf8').matchAll(/^\| `(\w+\.\w+)` \|.*\| (\w+) \|[^|]+\|$/gm),
].map(([, type = '', retried = '']) => ({ type, retried }));
const thrown = findFailureTypes(root);

test('every failure type that the code can throw stands in docs/failures.md, and no other', () => {
  expect(thrown.length).toBeGreaterThan(50);
  expect(rows.map((row) => row.type)).toEqual(thrown.map((one) => one.type));
});

test('docs/failures.md says of each type whether it is tried again, as the code does', () => {
  for (const { type, retried } of thrown) {
    const told = rows.find((row) => row.type === type)?.retried;
    // Where the code computes the decision, people have to say it; where it is written, both must agree.
    if (retried === 'varies') expect(['yes', 'no', 'depends'], type).toContain(told);
    else expect(`${type} ${told}`).toBe(`${type} ${retried}`);
  }
});
