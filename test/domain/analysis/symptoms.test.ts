import { describe, expect, it } from 'vitest';
import { readFrames } from '../../../src/domain/analysis/symptoms.ts';
import { splitWords } from '../../../src/domain/analysis/words.ts';

describe('words and frames', () => {
  it('come apart at case, underscores and dots, and meet across endings', () => {
    expect(splitWords('maxPoolConnections')).toEqual(
      splitWords('max pool connection').filter((word) => word !== 'max'),
    );
    expect(splitWords('retries_exhausted')).toEqual(splitWords('retry exhaust'));
  });

  it('are read from stacks of several languages, without libraries', () => {
    const files = (text: string) => readFrames(text, 'e').map((frame) => `${frame.file}:${frame.line ?? 0}`);
    expect(files('    at seat (/app/src/seats.js:12:3)\n    at next (/app/node_modules/x/y.js:1:1)')).toEqual([
      'app/src/seats.js:12',
    ]);
    expect(files('  File "/srv/app/seats.py", line 7, in seat')).toEqual(['srv/app/seats.py:7']);
    expect(files('\tat com.acme.Seats.find(Seats.java:44)')).toEqual(['Seats.java:44']);
    expect(files('acme/seats.(*Plan).Find(seats.go:18) -> net/http.HandlerFunc')).toEqual(['seats.go:18']);
  });
});
