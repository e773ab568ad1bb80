import { describe, expect, it } from 'vitest';
import type { EngineInput } from '../../../src/domain/diagnosis/engine.ts';
import { layerShares, layOut } from '../../../src/domain/diagnosis/layers.ts';
import { contractChange } from '../analysis/contract-change.ts';
import { wrap } from '../analysis/incident.ts';

const excerpt = (path: string, length: number) => ({
  path,
  revision: 'a'.repeat(40),
  fromLine: 1,
  text: 'x'.repeat(length),
  why: 'part of the service',
});

function withSource(lengths: readonly number[]): EngineInput {
  const incident = contractChange();
  const excerpts = lengths.map((length, i) => excerpt(`src/file-${i}.js`, length));
  const source = wrap(incident.service, 'source', { kind: 'source', service: incident.service, excerpts });
  return { ...incident, evidence: [...incident.evidence, source] };
}

describe('layers of the context', () => {
  it('stay within their shares, and say what did not fit', () => {
    const layers = layOut(withSource([4_000, 4_000, 4_000, 4_000, 500]), 30_000);
    expect(JSON.stringify(layers.source).length).toBeLessThan(layerShares.source * 30_000);
    expect(layers.source.map((item) => (item as { file: string }).file)).toEqual([
      'src/file-0.js:1',
      'src/file-1.js:1',
      'src/file-4.js:1',
    ]);
    expect(layers.leftOut).toContain('source: 2 of 5 items did not fit into its share');
  });

  it('show lines that repeat as one template with counts, under the id of their evidence', () => {
    const input = contractChange();
    const { runtime, length } = layOut(input, 100_000);
    const raw = JSON.stringify(input.evidence).length;
    expect(length).toBeLessThan(0.25 * raw);
    const ids = input.evidence.map(({ evidence }) => evidence.id);
    expect(runtime.length).toBeGreaterThan(3);
    for (const item of runtime) expect(ids).toContain((item as { evidence: string }).evidence);
    expect(JSON.stringify(runtime)).toMatch(/\d+ lines before, \d+ during/);
  });
});
