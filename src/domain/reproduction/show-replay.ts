import type { ShownFailure } from './tried.ts';

/**
 * What a replayed request told, beside what the services wrote. `same` and `other`: it failed, as in production or otherwise;
 * `trouble`: it could not be sent.
 */
export interface ToldReplay {
  readonly kind: 'same' | 'other' | 'trouble';
  /** For people. */
  readonly why: string;
  /** The failure without what varies: equal for equal failures. */
  readonly template: string;
  readonly status?: number;
}

/**
 * Joins the two: the answer says whether the request failed as in production, the services' output which error was behind it. An
 * error that is clearly another one than production's outweighs an equal status, and so does one of production's that is missing.
 */
export function showReplay(told: ToldReplay, written: ShownFailure): ShownFailure {
  const { template, status, why } = told;
  const answer = { template, frames: [], ...(status === undefined ? {} : { status }) };
  const failures = written.failures.length > 0 ? written.failures : [answer];
  const { trouble: _trouble, ...shown } = { ...written, failures };
  switch (told.kind) {
    case 'trouble':
      return { ...shown, match: 'different', matchReason: why, trouble: why };
    case 'other':
      return { ...shown, match: 'different', matchReason: `The request ${why}.` };
    case 'same': {
      const { match: found, matchReason, doubt } = written;
      const match = found === 'unknown' && doubt === undefined ? 'same' : found;
      const reason = `The request ${why}. ${doubt ?? (found === 'unknown' ? '' : matchReason)}`;
      return { ...shown, match, matchReason: reason.trim() };
    }
  }
}
