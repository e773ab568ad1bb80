import { defaultPayloadConverter } from '@temporalio/common';
import type { Diagnosis } from '../domain/diagnosis/diagnosis.ts';
import type { EngineInput, EngineStep } from '../domain/diagnosis/engine.ts';
import type { Evidence } from '../domain/evidence/evidence.ts';
import type { RunHistory } from './history.ts';

/** What an engine was last asked in an incident, and what it answered. */
export interface LastArgument {
  readonly asked: Omit<EngineInput, 'evidence' | 'lessons'> & { readonly evidence: readonly Evidence[] };
  /** Its diagnosis, before the sandbox had its say; absent where it had not answered. */
  readonly answered?: Diagnosis;
}

/**
 * Reads from an incident's own history what its engine argued from in the last round: the evidence of just then, while the state of an
 * incident goes on to grow. Undefined for an incident that has not come so far.
 */
export function readLastArgument({ history }: RunHistory): LastArgument | undefined {
  const events = history.events ?? [];
  const asking = events.findLast((event) => scheduledReason(event) !== undefined);
  const payload = asking && scheduledReason(asking)?.input?.payloads?.[0];
  if (!asking || !payload) return undefined;
  const asked = defaultPayloadConverter.fromPayload<LastArgument['asked']>(payload);
  const ending = events.find(
    ({ activityTaskCompletedEventAttributes: completed }) =>
      completed?.scheduledEventId !== undefined && String(completed.scheduledEventId) === String(asking.eventId),
  );
  const result = ending?.activityTaskCompletedEventAttributes?.result?.payloads?.[0];
  const step = result ? defaultPayloadConverter.fromPayload<EngineStep>(result) : undefined;
  return { asked, ...(step?.kind === 'diagnosis' ? { answered: step.diagnosis } : {}) };
}

type HistoryEvent = NonNullable<RunHistory['history']['events']>[number];

function scheduledReason({ activityTaskScheduledEventAttributes: scheduled }: HistoryEvent) {
  return scheduled?.activityType?.name === 'reason' ? scheduled : undefined;
}
