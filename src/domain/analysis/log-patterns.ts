import type { Evidence, LogLine, LogsBody } from '../evidence/evidence.ts';
import { createTemplateMiner } from './templates.ts';
import { withoutFrames } from './traces.ts';

/** A log template whose rate rose, or that was never seen before the incident. */
export interface LogPattern {
  readonly service: string;
  readonly evidenceId: string;
  readonly template: string;
  readonly level: LogLine['level'];
  readonly kind: 'new' | 'grown';
  readonly before: number;
  readonly after: number;
  /** First line of the risen rate. */
  readonly firstAt: string;
  /** Lines for a closer look: message, fields and joined stack, at most five. */
  readonly examples: readonly LogLine[];
  /** HTTP status, where the lines agree on one. */
  readonly status?: number;
  /** 0 to 1: level, significance and volume. */
  readonly weight: number;
}

interface Tally {
  readonly text: () => string;
  readonly level: LogLine['level'];
  readonly status?: number;
  readonly timesMs: number[];
  readonly examples: LogLine[];
}

const facetKey = /(^|[._-])(status|status_?code|code|error_?code|err_?code|exception_?type|error_?type|reason)$/i;
const peerKey =
  /(^|[._-])(upstream|peer|target|dependency|callee|remote|destination)([._-]?(name|service|host|addr|address))?$/i;
const continuation = /^(\s+at\s|\s+File "|Traceback \(most recent|Caused by:|\s*\.\.\. \d+ more|\s{2,}\S)/;
const binCount = 60;
/** Poisson log-likelihood ratio that a risen rate must reach: 6 is about one chance in 1,000 for a single split, stricter for 60 splits. */
const significance = 8;

/** Appends stack lines that stand on lines of their own to the line before them, so that frames stay with their error. */
export function joinStackLines(lines: readonly LogLine[]): readonly LogLine[] {
  const joined: LogLine[] = [];
  let parts: string[] = [];
  const flush = () => {
    const last = joined.at(-1);
    if (last && parts.length > 0) {
      joined[joined.length - 1] = {
        ...last,
        fields: { ...last.fields, stack: [last.fields['stack'] ?? '', ...parts].join('\n') },
      };
    }
    parts = [];
  };
  for (const line of lines) {
    if (joined.length > 0 && continuation.test(line.message)) {
      if (parts.length < 40) parts.push(line.message);
      continue;
    }
    flush();
    joined.push(line);
  }
  flush();
  return joined;
}

/** HTTP status that a line carries as a field or names in its words. */
export function readStatus(line: LogLine): number | undefined {
  for (const [key, value] of Object.entries(line.fields)) {
    const status = Number(value);
    if (/(status|code)$/i.test(key) && Number.isInteger(status) && status >= 400 && status <= 599) return status;
  }
  const named =
    /(?:status(?:[ _-]?code)?|returned|responded(?: with)?|answered|HTTP(?:\/\d(?:\.\d)?)?|got|upstream)[ =:(]*([45]\d\d)\b/i.exec(
      line.message,
    );
  return named ? Number(named[1]) : undefined;
}

/**
 * Patterns that are new or grown in one logs body, most telling first. The rise is searched over the whole window rather than at
 * `incidentFrom`, since an alert fires later than its fault begins; only a rise that lasts into the incident counts.
 */
export function findLogPatterns(evidence: Evidence, body: LogsBody): readonly LogPattern[] {
  const lines = joinStackLines(body.lines);
  const first = lines[0];
  const last = lines.at(-1);
  if (!first || !last) return [];
  const fromMs = findHistoryStart(evidence, lines);
  const toMs = Math.max(
    Date.parse(last.at) + 1,
    Math.min(Date.parse(evidence.window.to), Date.parse(last.at) + 60_000),
  );
  const patterns: LogPattern[] = [];
  for (const tally of tallyLines(lines)) {
    const rise = findRise(tally.timesMs, fromMs, toMs, Date.parse(body.incidentFrom));
    if (!rise || !isTelling(tally.level, rise)) continue;
    patterns.push({
      service: body.service,
      evidenceId: evidence.id,
      template: tally.text(),
      level: tally.level,
      kind: rise.before === 0 ? 'new' : 'grown',
      before: rise.before,
      after: rise.after,
      firstAt: new Date(rise.firstMs).toISOString(),
      examples: tally.examples.filter((line) => Date.parse(line.at) >= rise.firstMs).slice(0, 5),
      ...(tally.status === undefined ? {} : { status: tally.status }),
      weight: weigh(tally.level, rise),
    });
  }
  return patterns.sort((a, b) => b.weight - a.weight || compareText(a.template, b.template));
}

/**
 * Where history begins: at the first line of a service that also writes when it is well. One that writes only when it fails was
 * well in the silence before, so its history begins with the window.
 */
function findHistoryStart(evidence: Evidence, lines: readonly LogLine[]): number {
  const firstMs = Date.parse(lines[0]?.at ?? evidence.window.from);
  const opening = lines.slice(0, 40);
  const calm = opening.filter((line) => line.level !== 'error' && line.level !== 'warn').length;
  const isChatty = calm >= 0.3 * opening.length;
  return isChatty || evidence.truncated !== undefined ? firstMs : Math.min(firstMs, Date.parse(evidence.window.from));
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function tallyLines(lines: readonly LogLine[]): readonly Tally[] {
  const miner = createTemplateMiner();
  const tallies = new Map<number, Tally>();
  for (const line of lines) {
    const facets = readFacets(line);
    const group = miner.add(withoutFrames(line.message), `${line.level} ${facets}`);
    let tally = tallies.get(group.id);
    if (!tally) {
      const status = readStatus(line);
      const text = () => (facets === '' ? group.text() : `${group.text()} ${facets}`);
      tally = { text, level: line.level, timesMs: [], examples: [], ...(status === undefined ? {} : { status }) };
      tallies.set(group.id, tally);
    }
    tally.timesMs.push(Date.parse(line.at));
    // Recent lines are kept, since examples must come from after the rise.
    tally.examples.push(line);
    if (tally.examples.length > 400) tally.examples.splice(0, 200);
  }
  return [...tallies.values()];
}

function readFacets(line: LogLine): string {
  let text = '';
  for (const key in line.fields) {
    const value = line.fields[key];
    if (value === undefined || (!facetKey.test(key) && !peerKey.test(key))) continue;
    const shown = String(value);
    if (shown.length <= 60 && !/^[0-9a-f-]{12,}$/.test(shown)) text += `${text === '' ? '' : ' '}${key}=${shown}`;
  }
  return text;
}

interface Rise {
  readonly before: number;
  readonly after: number;
  readonly firstMs: number;
  readonly likelihood: number;
  readonly ratio: number;
}

/** Best split of the window into a lower and a higher rate, by Poisson log-likelihood ratio; none when nothing significant rose. */
function findRise(times: readonly number[], fromMs: number, toMs: number, incidentFromMs: number): Rise | undefined {
  const width = (toMs - fromMs) / binCount;
  if (!(width > 0)) return undefined;
  const lastMs = Math.max(...times.slice(-50));
  if (lastMs < incidentFromMs) return undefined;
  let best: Rise | undefined;
  // The first tenth of the window is history that a rise must be measured against.
  for (let bin = binCount / 10; bin < binCount; bin++) {
    const splitMs = fromMs + bin * width;
    const firstIndex = lowerBound(times, splitMs);
    const before = firstIndex;
    const after = times.length - firstIndex;
    if (after === 0) break;
    const spanBefore = splitMs - fromMs;
    const spanAfter = Math.min(toMs, lastMs + width) - splitMs;
    if (spanAfter <= 0) break;
    const rateBefore = before / spanBefore;
    const rateAfter = after / spanAfter;
    if (rateAfter <= rateBefore) continue;
    const rate = times.length / (spanBefore + spanAfter);
    const likelihood = xlog(before, rateBefore) + xlog(after, rateAfter) - xlog(times.length, rate);
    const firstMs = times[firstIndex] ?? splitMs;
    const ratio = before === 0 ? Infinity : rateAfter / rateBefore;
    if (!best || likelihood > best.likelihood) best = { before, after, firstMs, likelihood, ratio };
  }
  return best;
}

function lowerBound(times: readonly number[], wanted: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

function xlog(count: number, rate: number): number {
  return count === 0 ? 0 : count * Math.log(rate);
}

/**
 * A single new error line may tell everything (`out of memory`), so it counts, lightly while it could be chance; warnings must be
 * unlikely to be chance, and chatter very unlikely.
 */
function isTelling(level: LogLine['level'], rise: Rise): boolean {
  const isNew = rise.before === 0;
  const isRisen = rise.ratio >= 2 && rise.likelihood >= significance;
  if (level === 'error') return isNew || isRisen;
  if (level === 'warn') return (isNew && rise.after >= 2 && rise.likelihood >= 3) || isRisen;
  return rise.after >= 5 && rise.ratio >= 3 && rise.likelihood >= 2 * significance;
}

function weigh(level: LogLine['level'], rise: Rise): number {
  const byLevel = { error: 1, warn: 0.7, info: 0.15, debug: 0.1 }[level];
  const bySize = Math.min(1, 0.4 + 0.3 * Math.log10(rise.after));
  const byNovelty = rise.before === 0 ? 1 : Math.min(1, 0.4 + 0.15 * Math.log2(rise.ratio));
  const byCertainty = rise.likelihood < 2 ? 0.4 : 1;
  return Math.round(byLevel * bySize * byNovelty * byCertainty * 1000) / 1000;
}
