import type { Claim } from '../diagnosis/diagnosis.ts';
import type { LogPattern } from './log-patterns.ts';
import type { MetricShift } from './metric-shifts.ts';

/** One log pattern as a sentence. */
export function describePattern(pattern: LogPattern): Claim {
  const history = pattern.kind === 'new' ? 'never before in the window' : `${pattern.before} before that`;
  return {
    text: `${pattern.service} logs ${pattern.level} \`${pattern.template.slice(0, 240)}\` since ${pattern.firstAt}: ${pattern.after} lines, ${history}.`,
    evidence: [pattern.evidenceId],
  };
}

/** One metric shift as a sentence. */
export function describeShift(shift: MetricShift): Claim {
  const what = {
    step: shift.direction === 'up' ? 'rose' : 'fell',
    climb: 'climbed steadily',
    deadline: 'counted down past zero',
  }[shift.kind];
  return {
    text: `${shift.name} of ${shift.service} ${what} from ${format(shift.before)} to ${format(shift.after)} since ${shift.firstAt}.`,
    evidence: [shift.evidenceId],
  };
}

/** A SHA abbreviated; other ids as they are. */
export function short(id: string): string {
  return /^[0-9a-f]{40}$/.test(id) ? id.slice(0, 8) : id;
}

function format(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toPrecision(3);
}
