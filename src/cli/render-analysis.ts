import type { Analysis } from '../domain/analysis/analysis.ts';
import type { Claim } from '../domain/diagnosis/diagnosis.ts';
import type { Bundle } from '../domain/evidence/bundle.ts';
import { paint, plain, renderTable } from './output.ts';

const mostRanked = 5;
/** The strongest rivals come first; the rest is in the JSON. */
const mostRuledOut = 8;

/** An analysis for people: the answer first, then why, what speaks against it, what was ruled out and what was missing. */
export function renderAnalysis(bundle: Bundle, analysis: Analysis): string {
  const { diagnosis, ranking, regions = [], missing } = analysis;
  const suspected = ranking.filter(({ score }) => score > 0).slice(0, mostRanked);
  return [
    ...renderAnswer(bundle, analysis),
    ...renderClaims('Why', diagnosis.statement),
    ...renderClaims('Against', diagnosis.against),
    ...renderClaims(
      'Ruled out',
      diagnosis.ruledOut.slice(0, mostRuledOut).map(({ candidate, reason, evidence }) => ({
        text: `${nameCandidate(bundle, candidate)}: ${reason}`,
        evidence,
      })),
    ),
    ...tellMore(diagnosis.ruledOut.length - mostRuledOut),
    ...renderClaims(
      'Past lessons',
      diagnosis.lessons.map(({ id, agreement, why }) => ({ text: `${id} ${agreement}: ${why}`, evidence: [] })),
    ),
    ...renderClaims(
      'Code',
      regions.map(({ service, from, to }) => ({ text: `${service}, between "${from}" and "${to}"`, evidence: [] })),
    ),
    ...renderClaims(
      'Missing',
      missing.map((text) => ({ text, evidence: [] })),
    ),
    ...section(
      'Suspicion',
      suspected.map(({ service, score, why }) => `${score.toFixed(2)}  ${service}${why === '' ? '' : `: ${why}`}`),
    ),
    ...renderSources(bundle, analysis),
  ].join('\n');
}

function renderAnswer({ input, window, incidentFrom }: Bundle, analysis: Analysis): readonly string[] {
  const { diagnosis, firstFailingService, blastRadius, remediation } = analysis;
  const { verdict, service, change, category, confidence } = diagnosis;
  const head = {
    cause: `${service}: ${change === 'none' ? `no change, ${category}` : `${change} (${category})`}`,
    inconclusive: 'inconclusive: the evidence does not carry a cause',
    'no-fault': 'no fault',
  }[verdict];
  const alert = input.alerts[0];
  const rows = [
    [
      'alert',
      alert ? `${alert.name} of ${alert.service}, since ${alert.startsAt}` : `none; asked about ${input.service}`,
    ],
    ['window', `${window.from} to ${window.to}, incident from ${incidentFrom}`],
    ['first failing service', firstFailingService],
    ['blast radius', blastRadius.join(', ') || 'nobody else'],
    ['remediation', remediation],
    ['confidence', verdict === 'inconclusive' ? 'none' : confidence.toFixed(2)],
  ];
  return [paint('bold', plain(head)), ...rows.map(([name = '', text = '']) => `  ${name.padEnd(22)} ${plain(text)}`)];
}

function renderClaims(title: string, claims: readonly Claim[]): readonly string[] {
  return section(
    title,
    claims.map(({ text, evidence }) => `${text}${evidence.length === 0 ? '' : ` [${evidence.join(', ')}]`}`),
  );
}

/** A commit with its subject, since nobody knows it by its SHA. */
function nameCandidate({ input }: Bundle, candidate: string): string {
  const changes = input.evidence.flatMap(({ body }) => (body?.kind === 'changes' ? body.changes : []));
  const subject = changes.find(({ id }) => id === candidate)?.subject;
  return subject === undefined ? candidate : `${candidate.slice(0, 12)} ("${subject.slice(0, 80)}")`;
}

function tellMore(count: number): readonly string[] {
  return count > 0 ? [`  and ${count} more, which --json lists`] : [];
}

/** Where the cited evidence comes from, so that whoever doubts can look. */
function renderSources({ input }: Bundle, { diagnosis }: Analysis): readonly string[] {
  const cited = [diagnosis.statement, diagnosis.against, diagnosis.ruledOut].flatMap((claims) =>
    claims.flatMap(({ evidence }) => evidence),
  );
  const rows = input.evidence
    .filter(({ evidence }) => cited.includes(evidence.id))
    .map(({ evidence: { id, source, query, summary } }) => [id, source, query, summary].map((text) => plain(text)));
  if (rows.length === 0) return [];
  return ['', ...renderTable(['EVIDENCE', 'SOURCE', 'QUERY', 'HOLDS'], rows).split('\n')];
}

function section(title: string, lines: readonly string[]): readonly string[] {
  if (lines.length === 0) return [];
  return ['', paint('bold', title), ...lines.map((line) => `  - ${plain(line).replace(/\n/g, '\n    ')}`)];
}
