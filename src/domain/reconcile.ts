import type { Claim, Diagnosis } from './diagnosis.ts';
import type { Evidence } from './evidence.ts';
import type { Reproduction } from './reproduction.ts';

/**
 * Sets a diagnosis beside what the sandbox showed. A reproduction strengthens it and may name another commit of the window;
 * a suspect that passes weakens it. What could not run changes nothing but is said.
 * @param evidenceId id under which the runs are cited
 */
export function reconcile(
  diagnosis: Diagnosis,
  reproduction: Reproduction,
  evidence: readonly Evidence[],
  evidenceId: string,
): { readonly diagnosis: Diagnosis; readonly evidence: readonly Evidence[] } {
  if (reproduction.verdict === 'cannot-run') {
    const isWorthSaying = diagnosis.verdict === 'cause' && diagnosis.change !== 'none';
    const missing = isWorthSaying
      ? [...diagnosis.missing, `Not reproduced: ${reproduction.reason}`]
      : diagnosis.missing;
    return { diagnosis: { ...diagnosis, missing }, evidence };
  }
  const cited = [...evidence, describeRuns(reproduction, evidenceId)];
  return { diagnosis: weigh(diagnosis, reproduction, evidenceId), evidence: cited };
}

const confidenceWhenReproduced = 0.95;
const confidenceWhenNotReproduced = 0.4;

function weigh(diagnosis: Diagnosis, reproduction: Reproduction, evidenceId: string): Diagnosis {
  const { verdict, firstBad, suspect, before } = reproduction;
  const add = (claim: Claim): Pick<Diagnosis, 'evidence'> => ({
    evidence: [...new Set([...diagnosis.evidence, ...claim.evidence])],
  });
  if (verdict === 'reproduced') {
    const culprit = firstBad ?? suspect;
    const claim: Claim = {
      text: `In the sandbox the failure appears with ${culprit.slice(0, 12)} of ${reproduction.suspectService} and not with ${before.slice(0, 12)}, which ran before.`,
      evidence: [evidenceId],
    };
    return {
      ...diagnosis,
      ...add(claim),
      change: culprit,
      suspects: [culprit, ...diagnosis.suspects.filter((id) => id !== culprit)],
      confidence: Math.max(diagnosis.confidence, confidenceWhenReproduced),
      statement: [...diagnosis.statement, claim],
    };
  }
  const claim: Claim = {
    text: `The sandbox did not confirm it (${verdict}): ${reproduction.reason}`,
    evidence: [evidenceId],
  };
  return {
    ...diagnosis,
    ...add(claim),
    confidence: Math.min(diagnosis.confidence, confidenceWhenNotReproduced),
    against: [...diagnosis.against, claim],
  };
}

function describeRuns(reproduction: Reproduction, id: string): Evidence {
  const last = reproduction.runs.find((run) => run.end !== 'passed') ?? reproduction.runs[0];
  return {
    id,
    service: reproduction.suspectService,
    kind: 'reproduction',
    source: `sandbox ${reproduction.imageDigest}`,
    query: last ? last.command.join(' ') : '',
    window: { from: '', to: '' },
    outcome: reproduction.runs.length > 0 ? 'found' : 'empty',
    summary:
      `${reproduction.verdict}: ${reproduction.runs.map((run) => `${run.revision.slice(0, 12)} ${run.end}`).join(', ')}`.slice(
        0,
        400,
      ),
    ...(last?.outputDigest === undefined ? {} : { digest: last.outputDigest }),
  };
}
