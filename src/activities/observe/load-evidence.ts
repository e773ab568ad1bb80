import type { EvidenceStore } from '../../adapters/evidence-store.ts';
import type { EvidenceWithBody } from '../../domain/diagnosis/engine.ts';
import { isUsable, type Evidence, type EvidenceBody } from '../../domain/evidence/evidence.ts';

/** What the reasoning activities need of the store. */
export type BodyStore = Pick<EvidenceStore, 'get' | 'put'>;

/**
 * Loads bodies by digest. A body that is lost or damaged becomes a gap that the report names; a store that cannot be reached at all is
 * thrown, so that Temporal tries again.
 */
export async function loadEvidence(
  store: Pick<BodyStore, 'get'>,
  evidence: readonly Evidence[],
): Promise<readonly EvidenceWithBody[]> {
  return Promise.all(evidence.map((item) => loadOne(store, item)));
}

async function loadOne(store: Pick<BodyStore, 'get'>, item: Evidence): Promise<EvidenceWithBody> {
  if (!isUsable(item) || item.digest === undefined) return { evidence: item };
  try {
    const bytes = await store.get(item.digest);
    return { evidence: item, body: JSON.parse(bytes.toString('utf8')) as EvidenceBody };
  } catch (error) {
    if (isWorthRetrying(error)) throw error;
    const why = error instanceof Error ? error.message : String(error);
    return { evidence: { ...item, outcome: 'failed', reason: `its body could not be read: ${why.slice(0, 200)}` } };
  }
}

/** True when an outside system said that trying again can help. */
export function isWorthRetrying(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('trouble' in error)) return false;
  return (error.trouble as { readonly retryable?: boolean }).retryable === true;
}
