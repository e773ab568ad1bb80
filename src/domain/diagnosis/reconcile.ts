import type { Claim, Diagnosis, Finding, RuledOut, SuspectService } from './diagnosis.ts';
import type { Evidence } from '../evidence/evidence.ts';
import type { Reproduction } from '../reproduction/reproduction.ts';
import { isSameRevision } from '../analysis/changes/candidates.ts';
import { describeLocation } from '../reproduction/location.ts';
import { tabulateRuns, tellEnd } from '../reproduction/tabulate-runs.ts';

/** Services whose changes the sandbox should try, most likely first: the accused one, then those that remain possible. */
export function listSuspectServices(diagnosis: Diagnosis): readonly SuspectService[] {
  const { verdict, service, change, suspects, before, alternatives = [] } = diagnosis;
  if (verdict === 'no-fault' || (verdict === 'cause' && change === 'none')) return [];
  const accused = verdict === 'cause' ? [{ service, suspects, ...(before === undefined ? {} : { before }) }] : [];
  return [...accused, ...alternatives.filter((other) => other.service !== service)].filter(
    (suspect) => suspect.suspects.length > 0,
  );
}

/**
 * Sets a diagnosis beside what the sandbox showed. A reproduction is proof: it strengthens the diagnosis, names another commit
 * of the window, or accuses another service. What was run and not confirmed weakens it, and a weak one becomes inconclusive.
 * What could not run changes nothing but is said.
 * @param evidenceId id under which the runs are cited
 * @param findings of the residents, which tell what each commit is
 */
export function reconcile(
  diagnosis: Diagnosis,
  reproduction: Reproduction,
  evidence: readonly Evidence[],
  evidenceId: string,
  findings: readonly Finding[] = [],
): { readonly diagnosis: Diagnosis; readonly evidence: readonly Evidence[] } {
  switch (reproduction.verdict) {
    case 'cannot-run': {
      const missing = [...diagnosis.missing, `Not reproduced: ${reproduction.reason}`];
      return { diagnosis: { ...diagnosis, missing }, evidence };
    }
    case 'reproduced':
      return {
        diagnosis: confirm(diagnosis, reproduction, evidenceId, findings),
        evidence: withRuns(evidence, reproduction, evidenceId),
      };
    case 'not-reproduced':
    case 'flaky':
      if (tellsNothing(reproduction)) {
        const missing = [...diagnosis.missing, `Not confirmed in the sandbox: ${reproduction.reason}`];
        return { diagnosis: { ...diagnosis, missing }, evidence: withRuns(evidence, reproduction, evidenceId) };
      }
      return {
        diagnosis: doubt(diagnosis, reproduction, evidenceId),
        evidence: withRuns(evidence, reproduction, evidenceId),
      };
  }
}

/**
 * A failure that was set beside production's and is the same proves more than one that could not be compared. An argument
 * that did not foresee the culprit still has to fit it; the proof counts, the argument less.
 */
const confidenceWhenReproduced = {
  same: { foreseen: 0.95, decided: 0.85 },
  unknown: { foreseen: 0.9, decided: 0.75 },
} as const;
const confidenceWhenDoubted = 0.4;
/** Below this an argument does not stand against a sandbox that says otherwise. */
const strongArgument = 0.7;

function confirm(
  diagnosis: Diagnosis,
  reproduction: Reproduction,
  evidenceId: string,
  findings: readonly Finding[],
): Diagnosis {
  const { firstBad, suspect, before, suspectService } = reproduction;
  const culprit = firstBad ?? suspect;
  const isForeseen = diagnosis.verdict === 'cause' && diagnosis.service === suspectService;
  const confidence = confidenceWhenReproduced[reproduction.match === 'same' ? 'same' : 'unknown'];
  const claim: Claim = {
    text: `In the sandbox the failure appears with ${culprit.slice(0, 12)} of ${suspectService} and not with ${before.slice(0, 12)}, ${tellBefore(reproduction, findings)}${tellMatch(reproduction)}.`,
    evidence: [evidenceId],
  };
  const isOtherCommit = !isForeseen || culprit !== diagnosis.change;
  const commit = findings.find(({ kind, subject }) => kind === 'change' && subject === culprit)?.claim;
  const overturned: readonly RuledOut[] =
    isOtherCommit && diagnosis.service
      ? [
          {
            candidate: diagnosis.change,
            reason: isForeseen
              ? 'in the sandbox the failure was there before it'
              : `in the sandbox the failure does not depend on ${diagnosis.service}`,
            evidence: [evidenceId],
          },
        ]
      : [];
  return {
    ...diagnosis,
    verdict: 'cause',
    service: suspectService,
    change: culprit,
    before,
    category: isForeseen ? diagnosis.category : 'code-change',
    suspects: [culprit, ...(isForeseen ? diagnosis.suspects.filter((id) => id !== culprit) : [])],
    confidence: isForeseen ? Math.max(diagnosis.confidence, confidence.foreseen) : confidence.decided,
    statement: isOtherCommit
      ? [claim, ...(commit ? [commit] : []), ...diagnosis.statement]
      : [...diagnosis.statement, claim],
    evidence: [...new Set([...diagnosis.evidence, evidenceId, ...(isOtherCommit && commit ? commit.evidence : [])])],
    ruledOut: [...overturned, ...diagnosis.ruledOut.filter(({ candidate }) => candidate !== culprit)],
  };
}

/** The good revision is often a commit of the same deploy, which never ran: only a deploy record can say that it did. */
function tellBefore({ before, suspectService, candidates, gap }: Reproduction, findings: readonly Finding[]): string {
  const ran = findings.some(
    ({ kind, service, replaces }) =>
      kind === 'deploy' && service === suspectService && replaces !== undefined && isSameRevision(replaces, before),
  );
  if (ran) return 'which ran before';
  return candidates || gap ? 'an earlier commit' : 'the commit before it';
}

function tellMatch({ match, frame, suspectService }: Reproduction): string {
  const compared =
    match === 'same'
      ? "; it is production's own"
      : "; whether it is production's own could not be compared, so this weighs less";
  const isOwn = frame?.commit !== undefined && frame.service === suspectService;
  return isOwn ? `${compared}; it shows at ${describeLocation(frame)}` : compared;
}

/** Whether the command failed on the suspect, but not in production's way: then it speaks neither for nor against the diagnosis. */
function tellsNothing({ verdict, signature, match }: Reproduction): boolean {
  return verdict === 'not-reproduced' && signature !== undefined && match !== 'same';
}

function doubt(diagnosis: Diagnosis, reproduction: Reproduction, evidenceId: string): Diagnosis {
  const claim: Claim = {
    text: `The sandbox did not confirm it (${reproduction.verdict}): ${reproduction.reason}`,
    evidence: [evidenceId],
  };
  const doubted = {
    ...diagnosis,
    confidence: Math.min(diagnosis.confidence, confidenceWhenDoubted),
    against: [...diagnosis.against, claim],
    evidence: [...new Set([...diagnosis.evidence, evidenceId])],
  };
  if (diagnosis.verdict !== 'cause' || diagnosis.confidence >= strongArgument) return doubted;
  return {
    ...doubted,
    verdict: 'inconclusive',
    service: '',
    change: 'none',
    category: 'unknown',
    confidence: 0,
    suspects: [],
    ruledOut: [
      {
        candidate: diagnosis.change,
        reason: 'the argument was weak, and the sandbox did not confirm it',
        evidence: [evidenceId],
      },
      ...diagnosis.ruledOut,
    ],
  };
}

/** Evidence with the runs of a reproduction, under an id of their own. */
export function withRuns(evidence: readonly Evidence[], reproduction: Reproduction, id: string): readonly Evidence[] {
  const { runs, verdict, suspectService, imageDigest } = reproduction;
  const rows = tabulateRuns(reproduction);
  const telling = runs.find((run) => run.end !== 'passed') ?? runs[0];
  const shown = rows.map((row) => `${row.service} ${row.revision} ${tellEnd(row)}`).join('; ');
  return [
    ...evidence,
    {
      id,
      service: suspectService,
      kind: 'reproduction',
      source: `sandbox ${imageDigest}`,
      query: telling ? telling.command.join(' ') : '',
      window: { from: '', to: '' },
      outcome: runs.length > 0 ? 'found' : 'empty',
      summary: `${verdict}: ${shown}`.slice(0, 400),
      ...(telling?.outputDigest === undefined ? {} : { digest: telling.outputDigest }),
    },
  ];
}
