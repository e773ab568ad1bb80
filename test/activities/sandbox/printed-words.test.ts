import { describe, expect, it } from 'vitest';
import type { RunOrder } from '../../../src/adapters/docker/sandbox.ts';
import type { FailureSignature, Reproduction } from '../../../src/domain/reproduction/reproduction.ts';
import { breaksAt, makeWorld } from './ways-world.ts';

describe("a failure beside words of production's error", () => {
  const logged: FailureSignature = { template: 'user-service answered 401 for <*>', frames: [], status: 401 };
  const printed = 'ERROR user-service answered 401 for /v1/users/9\n';
  const asserted = 'AssertionError [ERR_ASSERTION]: 1 == 24\n    at x (file:///sandbox/app/test/a.test.js:3:27)\n';
  const tell = (inPassing: string, inFailing: string) => (order: RunOrder) =>
    order.sources[0]?.treeDigest === '3'
      ? { end: 'failed' as const, exitCode: 1, output: Buffer.from(inFailing) }
      : { output: Buffer.from(inPassing) };
  const matchesOf = ({ runs }: Reproduction) => new Set(runs.flatMap(({ match }) => match ?? []));

  it("is production's failure where only the runs that fail print them", async () => {
    const world = makeWorld(breaksAt(3), tell('ok', printed + asserted));
    const result = await world.run(['test'], { expected: [logged] });
    expect(result).toMatchObject({ verdict: 'reproduced', match: 'same' });
    expect(matchesOf(result)).toEqual(new Set(['same']));
  });

  it('cannot be told to be where the runs that pass print them too, and says so', async () => {
    const world = makeWorld(breaksAt(3), tell(printed, printed + asserted));
    const result = await world.run(['test'], { expected: [logged] });
    expect(result).toMatchObject({ verdict: 'reproduced', match: 'unknown' });
    expect(result.matchReason).toMatch(
      /^Runs that pass print the words of production as well.*neither names the other\.$/,
    );
    expect(matchesOf(result)).toEqual(new Set(['unknown']));
  });

  it('is another failure where, without the words, the code does not even load', async () => {
    const broken = 'SyntaxError: Unexpected token\n    at wrap (node:internal:1:1)\n';
    const world = makeWorld(breaksAt(3), tell(printed, printed + broken));
    const result = await world.run(['test'], { expected: [logged] });
    expect(result).toMatchObject({ verdict: 'not-reproduced', match: 'different' });
  });

  it("keeps an equal status of the replayed request for production's failure", async () => {
    const world = makeWorld(breaksAt(3));
    world.logs = printed;
    const result = await world.run(['request'], { expected: [logged] });
    expect(result).toMatchObject({ verdict: 'reproduced', match: 'same' });
    expect(result.matchReason).toBe('The request answered 500 in 5 ms; in production 500.');
  });
});
