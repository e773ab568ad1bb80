import { gatherFacts } from '../analysis/facts.ts';
import type { EvidenceWithBody, EngineInput } from './engine.ts';
import { cleanText, cleanValue } from './prompt-text.ts';
import { renderDeploy, renderEvent, renderFlag, renderLine } from './answers/render-body.ts';

/**
 * What part of the context each layer may take: source of the services (L1), interfaces of their neighbours (L2, which come as
 * answers to questions), lessons (L3), what the services showed while they ran (L4). The rest is the case itself.
 */
export const layerShares = { source: 0.33, interfaces: 0.2, lessons: 0.12, runtime: 0.25 } as const;

/** Layers as they go into a prompt; each item names the evidence that it is from. */
export interface Layers {
  readonly source: readonly object[];
  readonly lessons: readonly object[];
  readonly runtime: readonly object[];
  /** What there was no room for, a sentence for each layer. */
  readonly leftOut: readonly string[];
  /** Characters that the layers take. */
  readonly length: number;
}

const longestExcerpt = 8_000;
const longestLesson = 4_000;

/** Fills each layer with what is most telling, up to its share of `maxLength` characters. The same input gives the same layers. */
export function layOut(input: EngineInput, maxLength: number): Layers {
  const source = fit(listSource(input), layerShares.source * maxLength);
  const lessons = fit(
    input.lessons.map((lesson) => cleanValue(lesson, longestLesson, 20) as object),
    layerShares.lessons * maxLength,
  );
  const runtime = fit(listRuntime(input), layerShares.runtime * maxLength);
  const parts = { source, lessons, runtime };
  return {
    source: source.kept,
    lessons: lessons.kept,
    runtime: runtime.kept,
    leftOut: Object.entries(parts).flatMap(([name, { kept, total }]) =>
      kept.length < total ? [`${name}: ${total - kept.length} of ${total} items did not fit into its share`] : [],
    ),
    length: source.length + lessons.length + runtime.length,
  };
}

interface Fitted {
  readonly kept: readonly object[];
  readonly total: number;
  readonly length: number;
}

/** Takes items in order while there is room; a large one that does not fit makes no smaller one after it wait. */
function fit(items: readonly object[], room: number): Fitted {
  const kept: object[] = [];
  let length = 0;
  for (const item of items) {
    const size = JSON.stringify(item).length + 2;
    if (length + size > room) continue;
    kept.push(item);
    length += size;
  }
  return { kept, total: items.length, length };
}

/** Excerpts of the alerting service first, then of the others by name; each service's own order is by what tells most. */
function listSource({ evidence, service }: EngineInput): readonly object[] {
  const order = (item: EvidenceWithBody) => (item.evidence.service === service ? 0 : 1);
  return evidence
    .toSorted((a, b) => order(a) - order(b))
    .flatMap(({ evidence: { id }, body }) =>
      body?.kind === 'source'
        ? body.excerpts.map(({ path, revision, fromLine, why, text }) => ({
            evidence: id,
            service: body.service,
            file: cleanText(`${path}:${fromLine}`, 300),
            revision: revision.slice(0, 12),
            why: cleanText(why, 200),
            text: cleanText(text, longestExcerpt),
          }))
        : [],
    );
}

interface Told {
  readonly evidence: string;
  readonly text: string;
  readonly weight: number;
}

/** Lines that repeat are templates with counts, series are the change that was found in them; most telling first. */
function listRuntime(input: EngineInput): readonly object[] {
  const facts = gatherFacts(input);
  const patterns = facts.patterns.map(
    ({ evidenceId, service, level, template, before, after, firstAt, examples, weight }): Told => {
      const [example] = examples;
      const shown = example ? ` For example: ${renderLine(example).slice(0, 600)}` : '';
      return {
        evidence: evidenceId,
        text: cleanText(
          `${service} ${level} "${template}": ${before} lines before, ${after} during, first ${firstAt}.${shown}`,
          1_000,
        ),
        weight,
      };
    },
  );
  const shifts = facts.shifts.map(({ evidenceId, service, name, direction, before, after, firstAt, weight }): Told => {
    const text = `${service} ${name} goes ${direction} from ${round(before)} to ${round(after)} since ${firstAt}.`;
    return { evidence: evidenceId, text: cleanText(text, 400), weight };
  });
  return [...patterns, ...shifts, ...input.evidence.flatMap(listHappenings)]
    .sort((a, b) => b.weight - a.weight || (a.evidence < b.evidence ? -1 : 1))
    .map(({ evidence, text }) => ({ evidence, text }));
}

/** Deploys, flags and what the platform did: few, and telling. */
function listHappenings({ evidence: { id, service }, body }: EvidenceWithBody): readonly Told[] {
  const tell = (text: string, weight: number): Told => ({ evidence: id, text: `${service}: ${text}`, weight });
  if (body?.kind === 'deploys') return body.deploys.map((deploy) => tell(renderDeploy(deploy), 0.6));
  if (body?.kind === 'flags') return body.flags.map((flag) => tell(renderFlag(flag), 0.6));
  if (body?.kind !== 'events') return [];
  return body.events.map((event) =>
    tell(renderEvent(event), event.severity === 'info' || event.at < body.incidentFrom ? 0.2 : 0.7),
  );
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}
