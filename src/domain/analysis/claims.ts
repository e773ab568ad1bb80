import type { Claim } from '../diagnosis/diagnosis.ts';
import { countOf } from '../text.ts';
import type { Propagation } from './logs/failed-requests.ts';
import type { LogPattern, QuietPattern } from './logs/patterns.ts';
import type { MetricShift } from './metrics/shifts.ts';

/** One log pattern as a sentence. */
export function describePattern(pattern: LogPattern): Claim {
  const history = {
    new: 'never before in the window',
    grown: `${pattern.before} before that`,
    standing: 'with nothing from before the incident to hold them against',
  }[pattern.kind];
  return {
    text: `${pattern.service} logs ${pattern.level} \`${pattern.template.slice(0, 240)}\` since ${pattern.firstAt}: ${countOf(pattern.after, 'line')}, ${history}.`,
    evidence: [pattern.evidenceId],
  };
}

/** What a service no longer logs, as a sentence. */
export function describeQuiet(quiet: QuietPattern): Claim {
  const now = quiet.kind === 'vanished' ? 'none' : String(quiet.after);
  return {
    text: `${quiet.service} used to log ${quiet.level} \`${quiet.template.slice(0, 240)}\`; since ${quiet.lastAt} about ${quiet.expected} lines were to be expected, and ${now} came.`,
    evidence: [quiet.evidenceId],
  };
}

/** Where failed requests began, where they began in this service; by the ids that services log. */
export function describePropagation({ services }: Propagation, service: string): readonly Claim[] {
  const own = services.find((item) => item.service === service);
  if (!own || own.first < 0.5 * own.failed) return [];
  const others = services.filter((item) => item !== own && item.failed > item.first);
  const example = own.example === undefined ? '' : `, for example ${own.example}`;
  return [
    {
      text: `Of ${own.failed} requests that ${service} and another service logged as failed, ${Math.round(own.first)} failed in ${service} first${example}.`,
      evidence: [...new Set([own, ...others.slice(0, 3)].map((item) => item.evidenceId))],
    },
  ];
}

/** One metric shift as a sentence. */
export function describeShift(shift: MetricShift): Claim {
  const what = {
    step: shift.direction === 'up' ? 'rose' : 'fell',
    climb: 'climbed steadily',
    deadline: 'counted down past zero',
  }[shift.kind];
  return {
    text: `${shift.name} of ${shift.service} ${what} from ${formatNumber(shift.before)} to ${formatNumber(shift.after)} since ${shift.firstAt}.`,
    evidence: [shift.evidenceId],
  };
}

/** A SHA abbreviated; other ids as they are. */
export function short(id: string): string {
  return /^[0-9a-f]{40}$/.test(id) ? id.slice(0, 8) : id;
}

/** Three digits that count, and never an exponent between a ten-thousandth and a quadrillion: 1020 and 279,000,000 are read at once. */
function formatNumber(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size < 1e-4 || size >= 1e15) return value.toExponential(2);
  if (size < 1000) return Number.isInteger(value) ? String(value) : value.toPrecision(3);
  return Number(value.toPrecision(3)).toLocaleString('en-US');
}
