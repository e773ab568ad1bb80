import type { EvidenceWithBody } from '../engine.ts';
import { fitLines, type EvidenceQuestion } from '../questions.ts';
import { answerChanges } from './changes.ts';
import { answerLogs } from './logs.ts';
import { answerMetrics } from './metrics.ts';
import { renderBody } from './render-body.ts';
import { answerTraces } from './traces.ts';

/** Answers a question from collected evidence; the same evidence gives the same text. What cannot be answered is said. */
export function answerFromEvidence(evidence: readonly EvidenceWithBody[], question: EvidenceQuestion): string {
  switch (question.name) {
    case 'read_evidence':
      return readOne(evidence, question);
    case 'query_logs':
      return answerLogs(evidence, question);
    case 'query_metrics':
      return answerMetrics(evidence, question);
    case 'query_traces':
      return answerTraces(evidence, question);
    case 'query_changes':
      return answerChanges(evidence, question);
  }
}

function readOne(
  evidence: readonly EvidenceWithBody[],
  { evidenceId, contains }: Extract<EvidenceQuestion, { name: 'read_evidence' }>,
): string {
  const found = evidence.find((one) => one.evidence.id === evidenceId);
  if (!found) return 'There is no evidence with this id. Ask only for ids that the incident lists.';
  if (!found.body) {
    const { outcome, reason } = found.evidence;
    return `This evidence has no body: ${outcome}${reason === undefined ? '' : `, ${reason}`}.`;
  }
  const lines = renderBody(found.body);
  const wanted = contains?.toLowerCase() ?? '';
  return fitLines(wanted === '' ? lines : lines.filter((line) => line.toLowerCase().includes(wanted)), lines.length);
}
