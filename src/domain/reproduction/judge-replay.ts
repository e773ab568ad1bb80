import type { ChosenRequest, ReplayAnswer } from './replay.ts';

/**
 * `same`: as in production. `other`: it fails, in another way. `well`: no failure. Only `same` is a reproduction.
 */
export type ReplayJudgement = { readonly kind: 'same' | 'other' | 'well'; readonly why: string };

/** A proxy in front of a service that died or hung answers with these. */
const statusesOfNoAnswer = [502, 503, 504];
/** The sandbox's processor is not production's: half of the time counts as the same slowness. */
const slowShare = 0.5;

/** Compares what the sandbox answered with what evidence says production did. */
export function judgeReplay(request: ChosenRequest, answer: ReplayAnswer): ReplayJudgement {
  const wanted =
    request.fault === 'slow' ? `${Math.round(request.durationMs ?? 0)} ms` : (request.status ?? 'an error');
  const got = describeAnswer(answer);
  const say = (kind: ReplayJudgement['kind']): ReplayJudgement => ({ kind, why: `${got}; in production ${wanted}` });
  if (request.fault === 'slow') {
    const isSlow = answer.durationMs >= slowShare * (request.durationMs ?? Infinity);
    if (isSlow && answer.kind !== 'broken') return say('same');
    return say(answer.kind === 'broken' || (answer.kind === 'answered' && answer.status >= 500) ? 'other' : 'well');
  }
  if (answer.kind !== 'answered') {
    const { status } = request;
    return say(status === undefined || statusesOfNoAnswer.includes(status) ? 'same' : 'other');
  }
  if (answer.status === request.status) return say('same');
  if (request.status === undefined && answer.status >= 500) return say('same');
  return say(answer.status >= 500 ? 'other' : 'well');
}

/** One line for people. */
export function describeAnswer(answer: ReplayAnswer): string {
  const after = `${Math.round(answer.durationMs)} ms`;
  switch (answer.kind) {
    case 'answered':
      return `answered ${answer.status} in ${after}`;
    case 'broken':
      return `the connection ended without an answer after ${after} (${answer.detail})`;
    case 'silent':
      return `no answer within ${after}`;
  }
}
