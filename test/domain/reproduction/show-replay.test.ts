import { describe, expect, it } from 'vitest';
import { showReplay, type ToldReplay } from '../../../src/domain/reproduction/show-replay.ts';
import type { ShownFailure } from '../../../src/domain/reproduction/tried.ts';

const told = (kind: ToldReplay['kind']): ToldReplay => ({
  kind,
  why: 'answered 500 in 5 ms; in production 500',
  template: 'GET /a: answered 500',
  status: 500,
});
const written = (rest: Partial<ShownFailure>): ShownFailure => ({
  failures: [],
  report: { failed: [] },
  match: 'unknown',
  matchReason: 'No error was written.',
  ...rest,
});

describe('showReplay', () => {
  it("takes production's status for production's failure, and tells the answer where nothing was written", () => {
    expect(showReplay(told('same'), written({}))).toMatchObject({
      match: 'same',
      matchReason: 'The request answered 500 in 5 ms; in production 500.',
      failures: [{ template: 'GET /a: answered 500', status: 500 }],
    });
  });

  it('lets an error that is clearly another one outweigh an equal status', () => {
    const other = written({ match: 'different', matchReason: 'ECONNREFUSED is not TypeError.' });
    expect(showReplay(told('same'), other)).toMatchObject({
      match: 'different',
      matchReason: expect.stringContaining('ECONNREFUSED') as string,
    });
  });

  it('does not take an equal status for the same failure where what was written raises a doubt', () => {
    const doubtful = written({ doubt: "Production's `TypeError` does not show in the output." });
    expect(showReplay(told('same'), doubtful)).toMatchObject({
      match: 'unknown',
      matchReason: expect.stringContaining('does not show') as string,
    });
  });

  it('keeps the errors that the services wrote', () => {
    const failures = [{ type: 'TypeError', template: 'x is not a function', frames: [] }];
    expect(showReplay(told('same'), written({ failures, match: 'same' })).failures).toEqual(failures);
  });

  it('takes another answer for another failure, whatever was written, and none at all for trouble', () => {
    expect(showReplay(told('other'), written({ match: 'same' }))).toMatchObject({ match: 'different' });
    expect(showReplay(told('trouble'), written({}))).toMatchObject({
      match: 'different',
      trouble: told('trouble').why,
    });
  });
});
