/** How times without a zone, or without a year or a day, are settled. */
export interface Clock {
  /** What is left open is settled by what brings the time nearest to this, in milliseconds since the epoch. */
  readonly nearMs: number;
  /** The instant of a wall clock's reading, given as the milliseconds that it would be in UTC. */
  readonly toInstant: (wallMs: number) => number;
}

/** Which instant is meant in the hour that a clock shows twice when summer time ends. */
export type PickRepeated = (earlierMs: number, laterMs: number) => number;

const dayMs = 86_400_000;
/** Offsets change on whole quarters of an hour, so one question per quarter is enough. */
const quarterMs = 900_000;

/**
 * Reads wall clocks of an IANA time zone; the rules are those of `Intl`. A reading that the clock leaves out when summer time
 * begins is taken with the offset from before, which is what a clock that was not put forward shows.
 * @param timezone IANA name; UTC when absent
 * @throws RangeError for a zone that this machine does not know; resident.yaml was checked for that.
 */
export function createToInstant(timezone: string | undefined, pick: PickRepeated): Clock['toInstant'] {
  if (timezone === undefined) return (wallMs) => wallMs;
  const offsetAt = createOffsetAt(timezone);
  return (wallMs) => {
    const before = offsetAt(wallMs - dayMs);
    const after = offsetAt(wallMs + dayMs);
    const instants = [wallMs - before, wallMs - after].filter((at) => at + offsetAt(at) === wallMs);
    const [first, second] = instants;
    if (first === undefined) return wallMs - before;
    if (second === undefined || first === second) return first;
    return pick(Math.min(first, second), Math.max(first, second));
  };
}

/** The zone's offset from UTC at an instant, in milliseconds. */
function createOffsetAt(timezone: string): (atMs: number) => number {
  const numbers = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' } as const;
  const format = new Intl.DateTimeFormat('en-US', { timeZone: timezone, hourCycle: 'h23', ...numbers });
  const known = new Map<number, number>();
  return (atMs) => {
    const quarter = Math.floor(atMs / quarterMs);
    const offset = known.get(quarter) ?? ask(quarter * quarterMs);
    known.set(quarter, offset);
    return offset;
  };

  function ask(atMs: number): number {
    const parts = Object.fromEntries(format.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]));
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute) - atMs;
  }
}
