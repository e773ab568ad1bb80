import type { Action } from './plan.ts';

/** State captured before an action starts; it is what the undo needs. */
export interface CapturedState {
  readonly actionId: string;
  readonly at: string;
  /** For example the revision that runs, or the commit at the head of the configuration. */
  readonly values: Readonly<Record<string, string>>;
}

export type StepResult = 'done' | 'already-done';

export interface ActionOutcome {
  readonly actionId: string;
  readonly result: StepResult;
  readonly detail: string;
}

export interface UndoRecord {
  readonly actionId: string;
  readonly action: Action;
  readonly state: CapturedState;
  readonly status: 'registered' | 'undone' | 'nothing-to-undo' | 'failed';
  readonly detail: string;
}

/** One look at the alert's condition or an objective. `unknown` when the source did not answer. */
export interface Reading {
  readonly at: string;
  readonly name: string;
  readonly expression: string;
  readonly value: number | null;
  readonly threshold: string;
  readonly state: 'ok' | 'breached' | 'unknown';
  /** What else is to say, for example why it is unknown. */
  readonly detail?: string;
}

/** `refused`: the last judgement before acting said no, so nothing was changed. `not-watched`: done, but nothing could be read. */
export type RemediationOutcome = 'recovered' | 'not-watched' | 'refused' | 'rolled-back' | 'rollback-incomplete';

export interface RemediationResult {
  readonly outcome: RemediationOutcome;
  readonly actions: readonly ActionOutcome[];
  readonly undo: readonly UndoRecord[];
  readonly readings: readonly Reading[];
  /** Why the plan was undone, or could not be; empty when recovered. */
  readonly reason: string;
}

export type WatchVerdict = 'recovered' | 'breached' | 'unknown' | 'open';

/**
 * Judges a watch from its readings, round after round. Before the last round it stays `open`, unless a condition that was
 * well has been breached twice in a row since: that is a regression, and waiting would only prolong it.
 * After the last round each condition counts by its newest reading that could be taken.
 */
export function judgeWatch(readings: readonly Reading[], isFinal: boolean): WatchVerdict {
  const byName: Record<string, Reading['state'][]> = {};
  for (const reading of readings) {
    if (reading.state !== 'unknown') (byName[reading.name] ??= []).push(reading.state);
  }
  const histories = Object.values(byName);
  const hasRegressed = histories.some(
    (states) => states.includes('ok') && states.at(-1) === 'breached' && states.at(-2) === 'breached',
  );
  if (hasRegressed) return 'breached';
  if (!isFinal) return 'open';
  if (histories.length === 0) return 'unknown';
  return histories.some((states) => states.at(-1) === 'breached') ? 'breached' : 'recovered';
}

/** Whether any action did something; what is as wanted already is left alone. */
export function hasActed({ actions }: Pick<RemediationResult, 'actions'>): boolean {
  return actions.some(({ result }) => result === 'done');
}
