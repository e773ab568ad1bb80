/** One step of set-up: that it began, or how it ended and after how long. */
export interface SetupStep {
  readonly state: 'begun' | 'done' | 'failed' | 'waiting';
  readonly subject: string;
  readonly text: string;
  readonly durationMs?: number;
}

export type OnStep = (step: SetupStep) => void;

const marks = { begun: '…', done: '✓', failed: '·', waiting: '…' } as const;

/** One line for a terminal or a log. */
export function renderStep(step: SetupStep): string {
  const duration = step.durationMs === undefined ? '' : ` … ${renderDuration(step.durationMs)}`;
  return `${marks[step.state]} ${step.subject}: ${step.text}${duration}`;
}

export function renderDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
