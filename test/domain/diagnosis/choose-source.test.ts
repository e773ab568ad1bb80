import { describe, expect, it } from 'vitest';
import { chooseSource } from '../../../src/domain/diagnosis/choose-source.ts';

describe('chooseSource', () => {
  const files = ['src/total.js', 'src/rate.js', 'package.json', 'package-lock.json', 'dist/total.js'].map((path) => ({
    path,
    bytes: 100,
  }));
  const failing = [
    {
      at: '2026-11-21T09:00:00.000Z',
      level: 'error' as const,
      message: 'TypeError: x is undefined',
      fields: { stack: 'TypeError: x is undefined\n    at total (/app/src/total.js:70:3)' },
    },
  ];

  it('puts what a stack frame names first, then what changed, then manifests; nothing that is generated', () => {
    const change = {
      service: 's',
      id: 'c'.repeat(40),
      author: 'Ana',
      at: '2026-11-21T08:00:00.000Z',
      subject: 'Rate',
      body: '',
      files: [{ path: 'src/rate.js', diff: '' }],
    };
    const chosen = chooseSource(files, { failing, changes: [change] });
    expect(chosen.map(({ path, why }) => [path, why])).toEqual([
      ['src/total.js', 'line 70 is named by a stack frame'],
      ['src/rate.js', 'changed by cccccccccccc'],
      ['package.json', 'says how the service is built or set up'],
      ['src/total.js', 'part of the service'],
    ]);
    const [first] = chosen;
    expect(first!.fromLine).toBeLessThanOrEqual(70 - 30);
    expect(first!.toLine).toBeGreaterThanOrEqual(70 + 20);
  });

  it('shows every place of a file that frames name, also after one in its first lines', () => {
    const atLine = (line: number) => ({
      at: '2026-11-21T09:00:00.000Z',
      level: 'error' as const,
      message: `TypeError: no\n    at total (/app/src/total.js:${line}:3)`,
      fields: {},
    });
    const chosen = chooseSource(files, { failing: [atLine(5), atLine(300)], changes: [] });
    const frames = chosen.filter(({ why }) => why.endsWith('is named by a stack frame'));
    expect(frames.map(({ why }) => why)).toEqual([
      'line 5 is named by a stack frame',
      'line 300 is named by a stack frame',
    ]);
  });
});
