import { answerFromEvidence } from '../../domain/diagnosis/answers/answer.ts';
import type { EvidenceQuestion } from '../../domain/diagnosis/questions.ts';
import type { Evidence } from '../../domain/evidence/evidence.ts';
import type { ReasonActivities } from '../contract.ts';
import { loadEvidence, type BodyStore } from '../observe/load-evidence.ts';

/** Answers an engine's question from the evidence store, within a limit that is said. */
export function createReadEvidence({
  store,
}: {
  readonly store: Pick<BodyStore, 'get'>;
}): ReasonActivities['readEvidence'] {
  return async ({ evidence, call }) => ({
    id: call.id,
    text: answerFromEvidence(await loadEvidence(store, evidence.filter(concerns(call))), call),
  });
}

/** Bodies are large, so only those are loaded that the question is about. */
function concerns(call: EvidenceQuestion): (evidence: Evidence) => boolean {
  switch (call.name) {
    case 'read_evidence':
      return ({ id }) => id === call.evidenceId;
    case 'query_logs':
      return ({ kind, service }) => kind === 'logs' && service === call.service;
    case 'query_metrics':
      return ({ kind, service }) => kind === 'metrics' && service === call.service;
    case 'query_traces':
      return ({ kind }) => kind === 'traces';
    case 'query_changes':
      return ({ service }) => service === call.service;
  }
}
