import type { Diagnosis } from './diagnosis.ts';

/** What the built-in analyst holds against a model's diagnosis, as one sentence; nothing where both say the same. */
export function describeDisagreement(diagnosis: Diagnosis): string | undefined {
  const { analyst } = diagnosis;
  if (!analyst || isSame(diagnosis, analyst)) return undefined;
  return `The built-in analyst ${tell(analyst)}.`;
}

type Answer = NonNullable<Diagnosis['analyst']>;

function isSame(a: Answer, b: Answer): boolean {
  return a.verdict === b.verdict && (a.verdict !== 'cause' || (a.service === b.service && a.change === b.change));
}

function tell({ verdict, service, change, confidence }: Answer): string {
  if (verdict === 'no-fault') return 'sees no fault';
  if (verdict === 'inconclusive') return 'finds that the evidence carries no cause';
  const what = change === 'none' ? service : `${service}, change ${change.slice(0, 12)}`;
  return `blames ${what} (confidence ${confidence.toFixed(2)})`;
}
