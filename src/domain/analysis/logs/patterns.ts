import type { Evidence, LogLine, LogsBody } from '../../evidence/evidence.ts';
import { createFacetReader, readStatus } from './line-facets.ts';
import { findThreshold } from './false-discovery.ts';
import { createTimeTally, findRise, type RateChange, type TimeTally } from './rates.ts';
import { createRecordJoiner } from './records.ts';
import { findFall, type RateFall } from './rate-falls.ts';
import { findStanding } from './standing.ts';
import { createTemplateMiner, type TemplateGroup } from './templates.ts';
import { withoutFrames } from '../traces.ts';

/** A log template whose rate rose, or that was never seen before the incident. */
export interface LogPattern {
  readonly service: string;
  readonly evidenceId: string;
  readonly template: string;
  readonly level: LogLine['level'];
  /** `standing`: an error that is there from the beginning on, where the window holds nothing from before the incident. */
  readonly kind: 'new' | 'grown' | 'standing';
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

/** A log template that was common and became rare, or is written no more: what a service no longer does. */
export interface QuietPattern {
  readonly service: string;
  readonly evidenceId: string;
  readonly template: string;
  readonly level: LogLine['level'];
  readonly kind: 'vanished' | 'fallen';
  readonly before: number;
  readonly after: number;
  /** Lines that were to be expected since, had it kept its share of the service's lines. */
  readonly expected: number;
  /** The last line of the higher rate. */
  readonly lastAt: string;
}

/** What the templates of one logs body did. */
export interface PatternReport {
  /** New and grown ones, most telling first. */
  readonly patterns: readonly LogPattern[];
  /** Vanished and fallen ones, those that are missed most first. */
  readonly quiet: readonly QuietPattern[];
}

/** What is known of a logs body before its first line is read. */
export interface LogSource {
  readonly evidence: Pick<Evidence, 'id' | 'window' | 'truncated'>;
  readonly service: string;
  readonly incidentFrom: string;
}

/** Takes lines one at a time, in any order, in memory that does not grow with their number. */
export interface PatternCollector {
  add(line: LogLine): void;
  /** Ends the collection. */
  finish(): PatternReport;
}

interface Tally {
  readonly text: () => string;
  readonly level: LogLine['level'];
  readonly status?: number;
  readonly times: TimeTally;
  readonly examples: LogLine[];
}

const keptExamples = 64;
const mostQuiet = 50;
/** Chatter rises with the load: its log-likelihood ratio must be far beyond chance. */
const fewestLikelihoodOfChatter = 16;

/** Patterns that are new or grown in one logs body, most telling first. */
export function findLogPatterns(evidence: Evidence, body: LogsBody): readonly LogPattern[] {
  const collector = createPatternCollector({ evidence, service: body.service, incidentFrom: body.incidentFrom });
  for (const line of body.lines) collector.add(line);
  return collector.finish().patterns;
}

/**
 * Collects the patterns of one logs body. The rise is searched over the whole window rather than at `incidentFrom`, since an alert
 * fires later than its fault begins; only a rise that lasts into the incident counts. O(1) a line beside the miner's work.
 */
export function createPatternCollector(source: LogSource): PatternCollector {
  const tallies = new Map<TemplateGroup, Tally>();
  const miner = createTemplateMiner({
    keepStatusAndHost: true,
    onMerge: (from, into) => mergeTallies(tallies, from, into),
  });
  const all = createTimeTally();
  const joiner = createRecordJoiner();
  const readFacets = createFacetReader();
  // Sources hand over lines in any order: several files of one service, or a collector that sends again.
  let firstMs = Infinity;
  let lastMs = -Infinity;
  let opening = 0;
  let calm = 0;

  function count(line: LogLine) {
    const atMs = Date.parse(line.at);
    firstMs = Math.min(firstMs, atMs);
    lastMs = Math.max(lastMs, atMs);
    if (opening < openingLines) {
      opening++;
      if (line.level !== 'error' && line.level !== 'warn') calm++;
    }
    const facets = readFacets(line);
    const group = miner.add(withoutFrames(line.message), `${line.level} ${facets}`);
    let tally = tallies.get(group);
    if (!tally) {
      const status = readStatus(line);
      const text = () => (facets === '' ? group.text() : `${group.text()} ${facets}`);
      const times = createTimeTally();
      tally = { text, level: line.level, times, examples: [], ...(status === undefined ? {} : { status }) };
      tallies.set(group, tally);
    }
    tally.times.add(atMs);
    all.add(atMs);
    keepExample(tally.examples, line);
  }

  return {
    add(line) {
      const record = joiner.add(line);
      if (record) count(record);
    },
    finish() {
      const record = joiner.finish();
      if (record) count(record);
      if (lastMs === -Infinity) return { patterns: [], quiet: [] };
      miner.finish();
      const isChatty = calm >= 0.3 * opening;
      const fromMs = findHistoryStart(source.evidence, firstMs, isChatty);
      const toMs = Math.max(lastMs + 1, Math.min(Date.parse(source.evidence.window.to), lastMs + 60_000));
      const ended = [...tallies.values()];
      const risen = findRises(ended, fromMs, toMs, Date.parse(source.incidentFrom)).map(({ tally, rise }) =>
        toPattern(source, tally, rise),
      );
      const told = new Set(risen.map(({ template }) => template));
      const rest = ended.filter(({ text }) => !told.has(text()));
      return {
        patterns: [...risen, ...findStanding(source, rest, all, toMs)].sort(
          (a, b) => b.weight - a.weight || compareText(a.template, b.template),
        ),
        quiet: ended
          .flatMap((tally) => toQuiet(source, tally, findFall(tally.times, all, firstMs, toMs)))
          .sort((a, b) => b.expected - b.after - (a.expected - a.after) || compareText(a.template, b.template))
          .slice(0, mostQuiet),
      };
    },
  };
}

const openingLines = 40;

interface Risen {
  readonly tally: Tally;
  readonly rise: RateChange;
}

/** The templates whose rise is no chance, among all of the service. */
function findRises(tallies: readonly Tally[], fromMs: number, toMs: number, incidentFromMs: number): readonly Risen[] {
  const risen = tallies.flatMap((tally) => {
    const rise = findRise(tally.times, fromMs, toMs, incidentFromMs);
    return rise ? [{ tally, rise }] : [];
  });
  // Two lines that happen to stand together could not be told from chance, so they are no test (Tarone, Biometrics 46, 1990).
  const tested = risen.filter(({ rise }) => rise.before + rise.after > 2);
  const threshold = findThreshold(tested.map(({ rise }) => rise.chance));
  // The fault begins some time before the incident is noticed, but not at the beginning of history.
  const recentMs = incidentFromMs - (incidentFromMs - fromMs) / 4;
  const firstSeen = new Map<string, number>();
  for (const { text, times } of tallies)
    firstSeen.set(text(), Math.min(firstSeen.get(text()) ?? Infinity, times.read().firstMs[0] ?? Infinity));
  return risen.filter(({ tally, rise }) => {
    // A known text at another level is no new event.
    const isNew = rise.before === 0 && rise.firstMs >= recentMs && (firstSeen.get(tally.text()) ?? 0) >= rise.firstMs;
    return isTelling(tally.level, rise, isNew, rise.chance <= threshold);
  });
}

function toPattern(source: LogSource, tally: Tally, rise: RateChange): LogPattern {
  return {
    service: source.service,
    evidenceId: source.evidence.id,
    template: tally.text(),
    level: tally.level,
    kind: rise.before === 0 ? 'new' : 'grown',
    before: rise.before,
    after: rise.after,
    firstAt: new Date(rise.firstMs).toISOString(),
    examples: tally.examples
      .filter((line) => Date.parse(line.at) >= rise.firstMs)
      .sort((a, b) => compareText(a.at, b.at))
      .slice(0, 5),
    ...(tally.status === undefined ? {} : { status: tally.status }),
    weight: weigh(tally.level, rise),
  };
}

function toQuiet(source: LogSource, tally: Tally, fall: RateFall | undefined): readonly QuietPattern[] {
  if (!fall) return [];
  const { before, after, lastMs } = fall;
  return [
    {
      service: source.service,
      evidenceId: source.evidence.id,
      template: tally.text(),
      level: tally.level,
      kind: after === 0 ? 'vanished' : 'fallen',
      before,
      after,
      expected: Math.round(fall.expected),
      lastAt: new Date(lastMs).toISOString(),
    },
  ];
}

function mergeTallies(tallies: Map<TemplateGroup, Tally>, from: TemplateGroup, into: TemplateGroup) {
  const tally = tallies.get(from);
  const target = tallies.get(into);
  if (!tally) return;
  tallies.delete(from);
  if (!target) {
    tallies.set(into, tally);
    return;
  }
  target.times.absorb(tally.times);
  const examples = [...target.examples, ...tally.examples].sort((a, b) => compareText(a.at, b.at));
  target.examples.length = 0;
  for (const line of examples) keepExample(target.examples, line);
}

/** The first lines may all lie before the rise, so the older half is thinned out in favour of recent ones; the very first stays. */
function keepExample(examples: LogLine[], line: LogLine) {
  examples.push(line);
  if (examples.length <= keptExamples) return;
  for (let i = 1; i <= keptExamples / 4; i++) examples.splice(i, 1);
}

/**
 * Where history begins: at the first line of a service that also writes when it is well. One that writes only when it fails was
 * well in the silence before, so its history begins with the window.
 */
function findHistoryStart(evidence: LogSource['evidence'], firstMs: number, isChatty: boolean): number {
  return isChatty || evidence.truncated !== undefined ? firstMs : Math.min(firstMs, Date.parse(evidence.window.from));
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * A single new error line may tell everything (`out of memory`), so it counts, lightly while it could be chance; all else must be
 * unlikely to be chance, and chatter very unlikely.
 */
function isTelling(level: LogLine['level'], rise: RateChange, isNew: boolean, isNoChance: boolean): boolean {
  if (level === 'error' && isNew) return true;
  if (level === 'error' || level === 'warn') return rise.ratio >= 2 && isNoChance;
  return rise.after >= 5 && rise.ratio >= 3 && isNoChance && rise.likelihood >= fewestLikelihoodOfChatter;
}

function weigh(level: LogLine['level'], rise: RateChange): number {
  const byLevel = { error: 1, warn: 0.7, info: 0.15, debug: 0.1 }[level];
  const bySize = Math.min(1, 0.4 + 0.3 * Math.log10(rise.after));
  const byNovelty = rise.before === 0 ? 1 : Math.min(1, 0.4 + 0.15 * Math.log2(rise.ratio));
  const byCertainty = rise.likelihood < 2 ? 0.4 : 1;
  return Math.round(byLevel * bySize * byNovelty * byCertainty * 1000) / 1000;
}
