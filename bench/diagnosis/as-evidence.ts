import { createHash } from 'node:crypto';
import type { EngineInput, EvidenceWithBody } from '../../src/domain/diagnosis/engine.ts';
import type { EvidenceBody, TimeWindow } from '../../src/domain/evidence/evidence.ts';

/** A body that a converter made, as evidence: found in full, in the given window. */
export function asEvidence(source: string, window: TimeWindow, body: EvidenceBody, n = 1): EvidenceWithBody {
  const { kind, service } = body;
  const id = `${service}/${kind}/${n}`;
  const digest = createHash('sha256').update(`${source} ${id}`).digest('hex');
  return {
    evidence: { id, service, kind, source, query: kind, window, outcome: 'found', summary: kind, digest },
    body,
  };
}

/** What a converter has, as an engine takes it: nobody has said or rejected anything, and there are no lessons. */
export function asInput(known: Pick<EngineInput, 'alerts' | 'service' | 'dependencies' | 'evidence'>): EngineInput {
  return { ...known, findings: [], lessons: [], guidance: [], rejected: [] };
}

/** The window, widened where the time lies outside of it because evidence is absent. */
export function includeTime({ from, to }: TimeWindow, at: string): TimeWindow {
  return { from: at < from ? at : from, to: at > to ? at : to };
}
