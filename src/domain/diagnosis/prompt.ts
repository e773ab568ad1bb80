import type { Diagnosis } from './diagnosis.ts';
import type { EngineInput, EvidenceWithBody } from './engine.ts';
import { layerShares, layOut } from './layers.ts';
import { cleanValue } from './prompt-text.ts';

/** What a model is told, and what of it was left out. The data is one JSON document between marks that its text cannot forge. */
export interface Prompt {
  readonly system: string;
  readonly user: string;
  readonly leftOut: readonly string[];
}

/** How much a prompt may hold, in characters; a token is about four of them. */
const limits = { maxDataLength: 240_000, maxStringLength: 600, maxItems: 120 } as const;

/** Identifiers that an answer may name: fetched in this incident, so no text of an attacker can add to them. */
export interface Inventory {
  readonly services: readonly string[];
  readonly evidenceIds: readonly string[];
  /** Service to the ids of its changes: commits, flags, deploys, and the revisions that deploys name. */
  readonly changes: Readonly<Record<string, readonly string[]>>;
  /** Change to the revision before it. */
  readonly before: Readonly<Record<string, string>>;
  /** Outside systems that findings point to, beyond the services. */
  readonly outside: readonly string[];
}

/** Reads the inventory from the evidence of one incident. */
export function readInventory(input: EngineInput): Inventory {
  const services = new Set([input.service, ...Object.keys(input.dependencies)]);
  const changes: Record<string, string[]> = Object.create(null) as Record<string, string[]>;
  const before: Record<string, string> = Object.create(null) as Record<string, string>;
  const add = (service: string, id: string, previous?: string) => {
    const ids = (changes[service] ??= []);
    if (!ids.includes(id)) ids.push(id);
    if (previous !== undefined) before[id] = previous;
  };
  for (const { evidence } of input.evidence) services.add(evidence.service);
  for (const { body } of input.evidence) {
    if (body?.kind === 'changes') for (const change of body.changes) add(body.service, change.id, change.parent);
  }
  for (const { body } of input.evidence) {
    if (body?.kind === 'flags') for (const flag of body.flags) add(body.service, flag.id);
  }
  // Deploys come last: what ran before is a better way back than a commit's parent, which may never have run.
  for (const { body } of input.evidence) {
    if (body?.kind !== 'deploys') continue;
    for (const deploy of body.deploys) {
      add(body.service, deploy.id, deploy.previous);
      add(body.service, deploy.revision, deploy.previous);
    }
  }
  const named = [...Object.values(input.dependencies).flat(), ...input.findings.flatMap((item) => item.pointsTo ?? [])];
  return {
    services: [...services],
    evidenceIds: input.evidence.map(({ evidence }) => evidence.id),
    changes,
    before,
    outside: [...new Set(named.filter((name) => !services.has(name)))],
  };
}

/** The words of a prompt, from a file that a team may replace. */
export interface PromptWords {
  readonly name: string;
  readonly version: string;
  readonly system: string;
  readonly task: string;
  /** Said when there is no room for more questions. */
  readonly lastStep: string;
}

/**
 * Renders an incident for a model: the words, then the case and the layers of its context as one JSON document between marks. The
 * same input gives the same bytes, so that a provider can keep them in a cache.
 * @param tag a string that nobody who writes logs can foresee; it marks where data begins and ends.
 */
export function renderPrompt(input: EngineInput, analyst: Diagnosis, tag: string, words: PromptWords): Prompt {
  const { source, lessons, runtime, length, leftOut: crowdedOut } = layOut(input, limits.maxDataLength);
  const room = limits.maxDataLength * (1 - layerShares.interfaces) - length;
  const whole = selectIndex(input, analyst, readInventory(input));
  let maxItems: number = limits.maxItems;
  let index = cleanValue(whole, limits.maxStringLength, maxItems);
  while (JSON.stringify(index).length > room && maxItems > 5) {
    maxItems = Math.floor(maxItems / 2);
    index = cleanValue(whole, limits.maxStringLength, maxItems);
  }
  const longest = Math.max(input.evidence.length, input.findings.length, input.alerts.length);
  const leftOut = [
    ...crowdedOut,
    ...(longest > maxItems ? [`lists: the first ${maxItems} of each (the longest held ${longest})`] : []),
  ];
  const data = encode({ ...(index as object), runtime, source, lessons, leftOut });
  return {
    system: words.system,
    user: `${words.task}\n\n<incident-data id="${tag}">\n${data}\n</incident-data id="${tag}">`,
    leftOut: leftOut.map((text) => `The model did not see all: ${text}.`),
  };
}

function selectIndex(input: EngineInput, analyst: Diagnosis, inventory: Inventory): Record<string, unknown> {
  return {
    service: input.service,
    callGraph: input.dependencies,
    inventory: { services: inventory.services, changes: inventory.changes, outside: inventory.outside },
    analyst,
    alerts: input.alerts,
    findings: input.findings,
    evidence: input.evidence.map(describeEvidence),
    guidance: input.guidance,
    rejected: input.rejected,
  };
}

function describeEvidence({ evidence }: EvidenceWithBody): Record<string, unknown> {
  const { digest: _digest, bytes: _bytes, ...shown } = evidence;
  return shown;
}

/** JSON without `<`: text inside can then not close the mark that surrounds it. */
function encode(value: unknown): string {
  return JSON.stringify(value, null, 1).replaceAll('<', '\\u003c');
}
