import type { Analysis, ConsultedEvidence } from '../domain/analysis/analysis.ts';
import { isPlaceOnly, type Claim, type Diagnosis } from '../domain/diagnosis/diagnosis.ts';
import type { Bundle } from '../domain/evidence/bundle.ts';
import { cutText } from '../domain/text.ts';
import { paint, plain, renderTable } from './output.ts';

const mostRanked = 5;
/** The strongest rivals come first; the rest is in the JSON. */
const mostRuledOut = 8;
/** Of hundreds of services most sources have nothing to do with the answer; the rest is in the JSON. */
const mostSources = 40;
/** A query may have a thousand characters, and the table is as wide as its longest one; the whole is in the JSON. */
const mostQueryCharacters = 60;

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
      'Suspicion: who fails and how loudly, which is not who is to blame',
      suspected.map(({ service, score, why }) => `${score.toFixed(2)}  ${service}${why === '' ? '' : `: ${why}`}`),
    ),
    ...renderSources(analysis),
  ].join('\n');
}

function renderAnswer({ input, window, incidentFrom }: Bundle, analysis: Analysis): readonly string[] {
  const { diagnosis, firstFailingService, blastRadius, remediation } = analysis;
  const isSeen = firstFailingService !== '';
  const alert = input.alerts[0];
  const rows = [
    [
      'alert',
      alert ? `${alert.name} of ${alert.service}, since ${alert.startsAt}` : `none; asked about ${input.service}`,
    ],
    ['window', `${window.from} to ${window.to}, incident from ${incidentFrom}`],
    ['first failing service', isSeen ? firstFailingService : 'no service is seen to fail'],
    ['blast radius', blastRadius.join(', ') || (isSeen ? 'nobody else' : 'nobody')],
    ['remediation', remediation],
    ['confidence', renderConfidence(diagnosis)],
  ];
  return [
    paint('bold', plain(renderVerdict(diagnosis))),
    ...rows.map(([name = '', text = '']) => `  ${name.padEnd(22)} ${plain(text)}`),
  ];
}

function renderVerdict(diagnosis: Diagnosis): string {
  const { verdict, service, change, category } = diagnosis;
  switch (verdict) {
    case 'inconclusive':
      return 'inconclusive: the evidence does not carry a cause';
    case 'no-fault':
      return 'no fault is seen';
    case 'cause':
      if (isPlaceOnly(diagnosis)) return `${service}: the place is known, the reason is not`;
      return `${service}: ${change === 'none' ? `no change, ${category}` : `${change} (${category})`}`;
  }
}

function renderConfidence(diagnosis: Diagnosis): string {
  if (diagnosis.verdict === 'inconclusive') return 'none';
  return `${diagnosis.confidence.toFixed(2)}${isPlaceOnly(diagnosis) ? ' of the place' : ''}`;
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

/** All that was looked at, so that whoever doubts can look there: what carries the answer first, then what gave nothing. */
function renderSources({ evidence }: Analysis): readonly string[] {
  if (evidence.length === 0) return [];
  const rank = ({ citations, outcome }: ConsultedEvidence) => (citations > 0 ? 0 : outcome === 'found' ? 2 : 1);
  const rows = [...evidence]
    .sort((a, b) => rank(a) - rank(b))
    .slice(0, mostSources)
    .map(({ id, citations, source, query, outcome, summary, truncated, reason }) =>
      [
        id,
        citations === 0 ? 'not' : citations === 1 ? 'once' : `${citations} times`,
        source,
        cutText(query, mostQueryCharacters),
        outcome === 'found' ? [summary, truncated].filter(Boolean).join('; ') : `${outcome}: ${reason ?? summary}`,
      ].map((text) => plain(text)),
    );
  return [
    '',
    ...renderTable(['EVIDENCE', 'CITED', 'SOURCE', 'QUERY', 'HOLDS'], rows).split('\n'),
    ...tellMore(evidence.length - mostSources),
  ];
}

function section(title: string, lines: readonly string[]): readonly string[] {
  if (lines.length === 0) return [];
  return ['', paint('bold', title), ...lines.map((line) => `  - ${plain(line).replace(/\n/g, '\n    ')}`)];
}
