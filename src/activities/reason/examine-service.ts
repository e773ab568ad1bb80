import { examine } from '../../domain/analysis/examine-service.ts';
import type { ReasonActivities } from '../contract.ts';
import { loadEvidence, type BodyStore } from '../observe/load-evidence.ts';

/** Reads what one service's evidence says about that service alone. Deterministic; no model takes part. */
export function createExamineService({
  store,
}: {
  readonly store: Pick<BodyStore, 'get'>;
}): ReasonActivities['examineService'] {
  return async ({ service, dependencies, evidence }) =>
    examine({ service, dependencies, evidence: await loadEvidence(store, evidence) });
}
