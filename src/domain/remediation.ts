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
}

export type RemediationOutcome = 'recovered' | 'not-watched' | 'rolled-back' | 'rollback-incomplete';

export interface RemediationResult {
  readonly outcome: RemediationOutcome;
  readonly actions: readonly ActionOutcome[];
  readonly undo: readonly UndoRecord[];
  readonly readings: readonly Reading[];
  /** Why the plan was undone, or could not be; empty when recovered. */
  readonly reason: string;
}

/**
 * Judges a watch from all its readings: recovered when every condition's last reading is ok, and none of the last readings
 * is unknown; `unknown` when nothing could be read.
 */
export function judgeWatch(readings: readonly Reading[]): 'recovered' | 'breached' | 'unknown' {
  const last: Record<string, Reading> = {};
  for (const reading of readings) last[reading.name] = reading;
  const states = Object.values(last).map((reading) => reading.state);
  if (states.includes('breached')) return 'breached';
  if (states.length === 0 || states.includes('unknown')) return 'unknown';
  return 'recovered';
}
