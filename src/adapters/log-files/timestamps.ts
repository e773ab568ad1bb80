import type { Clock } from './timezone.ts';

/** A time found in a line: milliseconds since the epoch, and where the text of it lies. */
export interface FoundTime {
  readonly at: number;
  readonly start: number;
  readonly end: number;
  /** Index of the form, tried first on the next line: a file keeps to one form. */
  readonly form: number;
}

interface TimeForm {
  readonly pattern: RegExp;
  read(match: RegExpExecArray, clock: Clock): number;
}

const months = 'Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec';
const monthNumber = (name: string) => months.split('|').findIndex((month) => month === name);
const time = String.raw`(\d{2}):(\d{2}):(\d{2})(?:[.,:](\d{1,9}))?`;
const zone = String.raw`(?: ?(Z\b|UTC\b|GMT\b|[+-]\d{2}:?\d{2}\b))?`;

/**
 * The forms of time that common loggers write. A time without a zone is read by the clock of its source, a date without a
 * year as the year that brings it nearest to `clock.nearMs`, a time of day alone as the day that does.
 */
const forms: readonly TimeForm[] = [
  // ISO 8601 and its relatives: 2026-11-21T09:26:13.581Z, 2026-11-21 09:26:13,581, 2026/11/21 09:26:13 (nginx, Go)
  {
    pattern: new RegExp(String.raw`(?<![\d-])(\d{4})[-/.](\d{2})[-/.](\d{2})[T _-]${time}${zone}`),
    read: (m, clock) => instant(clock, m[1], Number(m[2]) - 1, m[3], m.slice(4, 8), m[8]),
  },
  // Common log format: 21/Nov/2026:09:26:13 +0000
  {
    pattern: new RegExp(String.raw`(\d{2})/(${months})/(\d{4}):${time}${zone}`),
    read: (m, clock) => instant(clock, m[3], monthNumber(m[2] ?? ''), m[1], m.slice(4, 8), m[8]),
  },
  // Apache error log: [Sun Dec 04 04:47:44.123456 2005]
  {
    pattern: new RegExp(
      String.raw`(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (${months}) {1,2}(\d{1,2}) ${time}(?: (UTC))? (\d{4})`,
    ),
    read: (m, clock) => instant(clock, m[8], monthNumber(m[1] ?? ''), m[2], m.slice(3, 7), m[7]),
  },
  // klog: I1121 09:26:13.581234
  {
    pattern: new RegExp(String.raw`(?<=^[IWEF])(\d{2})(\d{2}) ${time}`),
    read: (m, clock) => yearless(clock, Number(m[1]) - 1, m[2], m.slice(3, 7)),
  },
  // syslog (RFC 3164): Nov 21 09:26:13
  {
    pattern: new RegExp(String.raw`\b(${months}) {1,2}(\d{1,2}) ${time}`),
    read: (m, clock) => yearless(clock, monthNumber(m[1] ?? ''), m[2], m.slice(3, 7)),
  },
  // Redis, Tomcat, RFC 5322: 21 Nov 2026 09:26:13.581, 21-Nov-2026 09:26:13.581
  {
    pattern: new RegExp(String.raw`\b(\d{1,2})[ -](${months})[ -](\d{4}) ${time}${zone}`),
    read: (m, clock) => instant(clock, m[3], monthNumber(m[2] ?? ''), m[1], m.slice(4, 8), m[8]),
  },
  // Compact: 20261121-09:26:13:581
  {
    pattern: /(?<!\d)(20\d{2})(\d{2})(\d{2})[-T _](\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,:](\d{1,9}))?/,
    read: (m, clock) => instant(clock, m[1], Number(m[2]) - 1, m[3], m.slice(4, 8)),
  },
  // Hadoop: 081109 203615
  {
    pattern: /^(\d{2})(\d{2})(\d{2}) (\d{2})(\d{2})(\d{2})(?= )/,
    read: (m, clock) => instant(clock, `20${m[1]}`, Number(m[2]) - 1, m[3], m.slice(4, 7)),
  },
  // logcat and others without a year: 11-21 09:26:13.581, [11.21 09:26:13]
  {
    pattern: new RegExp(String.raw`(?<=^\[?)(\d{2})[-.](\d{2}) ${time}`),
    read: (m, clock) => yearless(clock, Number(m[1]) - 1, m[2], m.slice(3, 7)),
  },
  // Seconds, milliseconds, microseconds or nanoseconds since the epoch, at the start
  {
    pattern: /(?<=^\[?)(1\d{9}(?:\.\d{1,9})?|1\d{12}|1\d{15}|1\d{18})(?![\w.-])/,
    read: (m) => readEpoch(Number(m[1])),
  },
  // Time of day alone, at the start: 09:26:13.581 [main] ERROR
  {
    pattern: new RegExp(String.raw`(?<=^\[?)${time}(?!\d)`),
    read: (m, clock) => nearestDay(clock, m.slice(1, 5)),
  },
];

/** Nothing that is a line's own time stands further in than this (an access line begins with addresses and a user). */
const searched = 160;

/** Finds the time of a line. `clock` settles what the line leaves open; `lastForm` is the form that the line before had. */
export function findTime(line: string, clock: Clock, lastForm = -1): FoundTime | undefined {
  const head = line.slice(0, searched);
  if (!/\d\d/.test(head)) return undefined;
  const usual = lastForm >= 0 ? tryForm(head, lastForm, clock) : undefined;
  if (usual) return usual;
  let best: FoundTime | undefined;
  for (let form = 0; form < forms.length; form += 1) {
    const found = tryForm(head, form, clock);
    if (found && (!best || found.start < best.start)) best = found;
  }
  return best;
}

function tryForm(head: string, index: number, clock: Clock): FoundTime | undefined {
  const form = forms[index];
  const match = form?.pattern.exec(head);
  if (!form || !match) return undefined;
  const at = form.read(match, clock);
  return isTime(at) ? { at, start: match.index, end: match.index + match[0].length, form: index } : undefined;
}

/** Reads what a JSON logger puts under its time key: ISO text, or a number in seconds, milli-, micro- or nanoseconds. */
export function readTime(value: unknown, clock: Clock): number | undefined {
  if (typeof value === 'number') return isTime(readEpoch(value)) ? readEpoch(value) : undefined;
  if (typeof value !== 'string') return undefined;
  if (/^\d{10}(?:\.\d+)?$|^\d{13}$|^\d{16}$|^\d{19}$/.test(value)) return readEpoch(Number(value));
  const found = findTime(value, clock);
  if (found) return found.at;
  const parsed = Date.parse(value);
  return isTime(parsed) ? parsed : undefined;
}

/** Milliseconds of a number since 1970 in seconds, milli-, micro- or nanoseconds: its size tells which, for times after 1973. */
export function readEpoch(value: number): number {
  if (value > 1e17) return Math.round(value / 1e6);
  if (value > 1e14) return Math.round(value / 1e3);
  return Math.round(value > 1e11 ? value : value * 1000);
}

/** Between the years 1990 and 2100; anything else is some other number. */
export function isTime(at: number): boolean {
  return at > 631_152_000_000 && at < 4_102_444_800_000;
}

type Parts = readonly (string | undefined)[];

function instant(
  clock: Clock,
  year: string | undefined,
  month: number,
  day: string | undefined,
  time: Parts,
  offset?: string,
): number {
  if (month < 0 || month > 11) return NaN;
  const wallMs = Date.UTC(Number(year), month, Number(day)) + ofDay(time);
  return offset === undefined ? clock.toInstant(wallMs) : wallMs - offsetMs(offset);
}

function ofDay([hours, minutes, seconds, fraction]: Parts): number {
  const milliseconds = fraction ? Math.floor(Number(`0.${fraction}`) * 1000) : 0;
  return ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000 + milliseconds;
}

/** Of `+02:00` or `-0300`; 0 of `Z`, `UTC` and `GMT`. */
function offsetMs(offset: string): number {
  const [, sign, hours, minutes] = /^([+-])(\d{2}):?(\d{2})$/.exec(offset) ?? [];
  return sign ? (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000 : 0;
}

function yearless(clock: Clock, month: number, day: string | undefined, time: Parts): number {
  const year = new Date(clock.nearMs).getUTCFullYear();
  const candidates = [year - 1, year, year + 1].map((candidate) => instant(clock, String(candidate), month, day, time));
  return nearest(candidates, clock.nearMs);
}

/** Two days to each side: the day of the zone may be another than that of UTC, and the nearest one another than that. */
function nearestDay(clock: Clock, time: Parts): number {
  const midnight = Math.floor(clock.nearMs / 86_400_000) * 86_400_000;
  return nearest(
    [-2, -1, 0, 1, 2].map((days) => clock.toInstant(midnight + days * 86_400_000 + ofDay(time))),
    clock.nearMs,
  );
}

function nearest(candidates: readonly number[], nearMs: number): number {
  return candidates.reduce((best, next) => (Math.abs(next - nearMs) < Math.abs(best - nearMs) ? next : best));
}
