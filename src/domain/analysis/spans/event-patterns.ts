import type { EventSequence } from './event-sequences.ts';
import { likelihoodRatio } from './two-samples.ts';

/** A stretch of code, between two events that used to follow each other, in which requests leave their usual way first. */
export interface BrokenRegion {
  readonly service: string;
  readonly operation: string;
  readonly from: string;
  /** What used to come next. */
  readonly to: string;
  /** What comes instead. */
  readonly instead: string;
  /** Share of the incident's traces that leave their usual way here first, less what did so before. 0 to 1. */
  readonly share: number;
  /** Traces that do so during the incident. */
  readonly traces: number;
  /** How telling it is: grows with novelty, with the part of the requests that pass here, and of all requests. Above 0, seldom above 3. */
  readonly strength: number;
  readonly firstUs: number;
}

/** Sequences of one trace. */
export interface TraceSequences {
  readonly isIncident: boolean;
  readonly sequences: readonly EventSequence[];
}

interface Tally {
  before: number;
  during: number;
}

/** A step from one event to the next. */
interface Step {
  readonly from: string;
  readonly to: string;
  /** Traces with this step. */
  readonly seen: Tally;
  /** What is common to all steps that leave the same event. */
  readonly source: Source;
}

interface Source {
  readonly service: string;
  readonly operation: string;
  /** Traces that reach the event. */
  readonly reached: Tally;
  readonly steps: Step[];
}

/**
 * Log-likelihood ratio (Dunning 1993) from which a step counts as more frequent: about one chance in 70 for one step. It only sorts out what
 * is certainly chance; how much a step tells is its strength. Anything from 4 to 7 gives the same regions on the public faults.
 */
const significance = 6;
/** A step must become so much more likely, in parts of the traces that reach it: small drifts of the workload are no fault. */
const fewestMore = 0.1;

/** Steps of at least this part of the greatest novelty in a trace compete for being the first. */
const comparable = 0.5;

/**
 * Where requests leave the way that they took before. Events of a request are compared pairwise, after Yu et al. ("Interpretable
 * Fine-Grained Root Causes Analysis for Microservices on Multi-Modal Observability Data", ESEC/FSE 2023), with three differences. A
 * pair counts once a trace, since loops repeat it. Its frequency is taken among the traces that reach its first event, so that what
 * never came to pass because of an earlier fault is no sign. And of the steps that became significantly more likely, only the first
 * in time of each trace is held against the code where it happened: the others follow from it. The most
 * telling first. O(n log n) for n events.
 */
export function findBrokenRegions(traces: readonly TraceSequences[]): readonly BrokenRegion[] {
  const { steps, totals } = countSteps(traces);
  if (totals.before === 0 || totals.during === 0) return [];
  const risen = new Map([...steps.values()].filter(isRisen).map((step) => [step, noveltyOf(step)]));
  const votes = new Map<Source, { traces: number; from: string; firstUs: number }>();
  for (const trace of traces) {
    if (!trace.isIncident) continue;
    const first = findFirst(trace, steps, risen);
    if (!first) continue;
    const { source, from } = first.step;
    const vote = votes.get(source) ?? { traces: 0, from, firstUs: Infinity };
    vote.traces += 1;
    vote.firstUs = Math.min(vote.firstUs, first.atUs);
    votes.set(source, vote);
  }
  return [...votes]
    .map(([source, vote]): BrokenRegion => {
      const byRise = [...source.steps].sort((a, b) => riseOf(b) - riseOf(a) || (a.to < b.to ? -1 : 1));
      const share = part(vote.traces, totals.during) * (byRise[0] ? newPartOf(byRise[0]) : 0);
      return {
        service: source.service,
        operation: source.operation,
        from: vote.from,
        to: byRise.at(-1)?.to ?? '',
        instead: byRise[0]?.to ?? '',
        share,
        traces: vote.traces,
        strength: byRise[0] ? noveltyOf(byRise[0]) * Math.sqrt(share) : 0,
        firstUs: vote.firstUs,
      };
    })
    .filter((region) => region.share > 0)
    .sort((a, b) => b.strength - a.strength || a.firstUs - b.firstUs);
}

function countSteps(traces: readonly TraceSequences[]) {
  const steps = new Map<string, Step>();
  const sources = new Map<string, Source>();
  const totals: Tally = { before: 0, during: 0 };
  for (const { isIncident, sequences } of traces) {
    const phase = isIncident ? 'during' : 'before';
    totals[phase] += 1;
    const counted = new Set<string>();
    const countOnce = (key: string, tally: Tally) => {
      if (counted.has(key)) return;
      counted.add(key);
      tally[phase] += 1;
    };
    for (const { service, operation, context, isFailing, events } of sequences) {
      // The usual way is learnt from what went well: what fails now and then in good times would else look like it.
      if (!isIncident && isFailing) continue;
      for (let i = 0; i + 1 < events.length; i++) {
        const from = events[i]?.name ?? '';
        const to = events[i + 1]?.name ?? '';
        const sourceKey = keyOf(context, from);
        let source = sources.get(sourceKey);
        if (!source) {
          source = { service, operation, reached: { before: 0, during: 0 }, steps: [] };
          sources.set(sourceKey, source);
        }
        const key = keyOf(context, from, to);
        let step = steps.get(key);
        if (!step) {
          step = { from, to, seen: { before: 0, during: 0 }, source };
          steps.set(key, step);
          source.steps.push(step);
        }
        countOnce(sourceKey, source.reached);
        countOnce(key, step.seen);
      }
    }
  }
  return { steps, totals };
}

/** The first of a trace's risen steps; one that tells much less than another of the same trace does not hide that. */
function findFirst(trace: TraceSequences, steps: ReadonlyMap<string, Step>, risen: ReadonlyMap<Step, number>) {
  const taken: { readonly step: Step; readonly atUs: number; readonly novelty: number }[] = [];
  for (const { context, events } of trace.sequences) {
    for (let i = 0; i + 1 < events.length; i++) {
      const [from, to] = [events[i], events[i + 1]];
      if (!from || !to) continue;
      const step = steps.get(keyOf(context, from.name, to.name));
      const novelty = step && risen.get(step);
      if (step && novelty !== undefined) taken.push({ step, atUs: to.atUs, novelty });
    }
  }
  const most = Math.max(0, ...taken.map((item) => item.novelty));
  return taken
    .filter((item) => item.novelty >= comparable * most)
    .reduce<(typeof taken)[number] | undefined>(
      (first, item) => (first && first.atUs <= item.atUs ? first : item),
      undefined,
    );
}

function keyOf(...parts: readonly string[]): string {
  return parts.join('\u0000');
}

function isRisen(step: Step): boolean {
  const { seen, source } = step;
  return (
    source.reached.before > 0 &&
    riseOf(step) >= fewestMore &&
    likelihoodRatio(seen.during, source.reached.during, seen.before, source.reached.before) >= significance
  );
}

function riseOf({ seen, source }: Step): number {
  return part(seen.during, source.reached.during) - part(seen.before, source.reached.before);
}

/** Rise × logarithm of the ratio, both smoothed by half a count: a step that was never seen before tells more than one that was rarer. */
function noveltyOf({ seen, source }: Step): number {
  const was = (seen.before + 0.5) / (source.reached.before + 1);
  const is = (seen.during + 0.5) / (source.reached.during + 1);
  return Math.max(0, is - was) * Math.max(0, Math.log(is / was));
}

/** Part of the traces that take a step now and would not have before (the attributable fraction of epidemiology). */
function newPartOf({ seen, source }: Step): number {
  const is = part(seen.during, source.reached.during);
  return is === 0 ? 0 : Math.max(0, 1 - part(seen.before, source.reached.before) / is);
}

function part(count: number, total: number): number {
  return total === 0 ? 0 : count / total;
}
