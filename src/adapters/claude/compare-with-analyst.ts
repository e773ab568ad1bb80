import type { Diagnosis } from '../../domain/diagnosis/diagnosis.ts';

/** Where model and analyst disagree, the person who decides is told: as an argument against, with the analyst's own evidence. */
export function compareWithAnalyst(diagnosis: Diagnosis, analyst: Diagnosis): Diagnosis {
  if (isSame(diagnosis, analyst)) return diagnosis;
  const text = `The built-in analyst ${tell(analyst)}.`;
  return analyst.evidence.length > 0
    ? { ...diagnosis, against: [...diagnosis.against, { text, evidence: analyst.evidence }] }
    : { ...diagnosis, missing: [...diagnosis.missing, text] };
}

function isSame(a: Diagnosis, b: Diagnosis): boolean {
  return a.verdict === b.verdict && (a.verdict !== 'cause' || (a.service === b.service && a.change === b.change));
}

function tell({ verdict, service, change, confidence }: Diagnosis): string {
  if (verdict === 'no-fault') return 'sees no fault';
  if (verdict === 'inconclusive') return 'finds that the evidence carries no cause';
  const what = change === 'none' ? service : `${service}, change ${change.slice(0, 12)}`;
  return `blames ${what} (confidence ${confidence.toFixed(2)})`;
}
