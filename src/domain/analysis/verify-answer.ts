import type { Diagnosis } from '../diagnosis/diagnosis.ts';
import { isKnownCondition } from './conditions/root.ts';
import { findUncitedClaims, findUnknownCitations } from '../diagnosis/diagnosis.ts';
import type { EngineInput } from '../diagnosis/engine.ts';
import { cleanLine } from '../diagnosis/prompt-text.ts';
import { readInventory, type Inventory } from '../diagnosis/prompt.ts';

/**
 * Checks any engine's answer against what was collected in this incident (DESIGN.md, invariants 4 and 5).
 * Our own rule. O(n) look-ups for n citations and names, in lists of what was collected.
 * @returns what is wrong with it, or undefined when every identifier is a member of the inventory and every claim is cited
 */
export function findAnswerFault(input: EngineInput, diagnosis: Diagnosis): string | undefined {
  const inventory = readInventory(input);
  const { confidence } = diagnosis;
  if (!(confidence >= 0 && confidence <= 1)) return `its confidence is not between 0 and 1 (${confidence})`;
  const [unknown] = findUnknownCitations(diagnosis, inventory.evidenceIds);
  if (unknown !== undefined) return `it cites evidence that does not exist (${shown(unknown)})`;
  const [uncited] = findUncitedClaims(diagnosis);
  if (uncited !== undefined) return `it claims something in a sentence that cites no evidence (${shown(uncited)})`;
  const { condition } = diagnosis;
  if (condition !== undefined && !isKnownCondition(condition))
    return `it names a state of the platform that is in no table (${shown(condition)})`;
  const other = diagnosis.alternatives?.find(
    ({ service, suspects }) => !suspects.every((id) => inventory.changes[service]?.includes(id)),
  );
  if (other) return `it offers a change that was not collected of ${shown(other.service)}`;
  const revision = findUnknownRevision(input, inventory, diagnosis);
  if (revision !== undefined) return `it names a revision that was not collected (${shown(revision)})`;
  if (diagnosis.verdict !== 'inconclusive' && diagnosis.statement.length === 0)
    return diagnosis.verdict === 'cause'
      ? 'it names a cause and argues nothing for it'
      : 'it says that nothing is at fault and argues nothing for it';
  if (diagnosis.verdict !== 'cause')
    return diagnosis.change === 'none'
      ? undefined
      : `it accuses a change without calling it the cause (${shown(diagnosis.change)})`;
  const services = [...inventory.services, ...Object.values(input.dependencies).flat()];
  if (!services.includes(diagnosis.service))
    return `it accuses a service that is not known here (${shown(diagnosis.service)})`;
  const changes = inventory.changes[diagnosis.service] ?? [];
  const stranger = [diagnosis.change, ...diagnosis.suspects].find((id) => id !== 'none' && !changes.includes(id));
  if (stranger !== undefined)
    return `it names a change that was not collected of ${diagnosis.service} (${shown(stranger)})`;
  return undefined;
}

/** What is ruled out may be put into words, so only what has the form of a SHA has to be a known one there. */
const sha = /^(?=.*\d)[0-9a-f]{7,40}$/;

function findUnknownRevision(
  input: EngineInput,
  inventory: Inventory,
  { before, alternatives = [], ruledOut }: Diagnosis,
) {
  const known = [...Object.values(inventory.changes).flat(), ...listEarlierRevisions(input)];
  const earlier = [before, ...alternatives.map((item) => item.before)].flatMap((id) => id ?? []);
  return (
    earlier.find((id) => !known.includes(id)) ??
    ruledOut
      .map(({ candidate }) => candidate)
      .find((id) => sha.test(id) && !inventory.services.includes(id) && !known.some((one) => one.startsWith(id)))
  );
}

/** What ran or stood before what was collected: the parents of commits, and the revisions that deploys replaced. */
function listEarlierRevisions({ evidence }: EngineInput): readonly string[] {
  return evidence.flatMap(({ body }) => {
    if (body?.kind === 'changes') return body.changes.flatMap(({ parent }) => parent ?? []);
    if (body?.kind === 'deploys') return body.deploys.flatMap(({ previous }) => previous ?? []);
    return [];
  });
}

function shown(text: string): string {
  return cleanLine(text, 80);
}
