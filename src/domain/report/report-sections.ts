import { findUnknownCitations, isPlaceOnly, type Claim } from '../diagnosis/diagnosis.ts';
import { listGaps } from '../evidence/evidence.ts';
import type { IncidentState } from '../incident/incident.ts';
import { tellRejection, type Action } from '../plan/plan.ts';
import { matchWords, nameRevision, toProof } from '../reproduction/tabulate-runs.ts';
import { renderFixSection } from './render-fix.ts';
import { countOf } from '../text.ts';
import { block, cite, code, duration, plain, table, time } from './report-markdown.ts';

/** The sections of a report. Each gives Markdown, or nothing when there is nothing to tell. */

export function renderTimelineSection(state: IncidentState): string {
  const rows = state.timeline.map((entry) => [time(entry.at), entry.phase, plain(entry.text)]);
  return table(['UTC', 'phase', 'what'], rows);
}

export function renderDiagnosisSection(state: IncidentState): string {
  const { diagnosis } = state;
  if (!diagnosis) return 'None was argued.';
  const facts = [
    ['Verdict', diagnosis.verdict],
    ['Service', plain(diagnosis.service)],
    ['Change', diagnosis.change === 'none' ? 'none' : code(diagnosis.change)],
    ['Before it', diagnosis.before === undefined ? '' : code(diagnosis.before)],
    ['Category', isPlaceOnly(diagnosis) ? 'unknown: the place is known, the reason is not' : diagnosis.category],
    ['Confidence', `${diagnosis.confidence.toFixed(2)}${isPlaceOnly(diagnosis) ? ' of the place' : ''}`],
    ['Argued by', plain(diagnosis.engine)],
  ].filter(([, value]) => value !== '');
  const against = diagnosis.against.map((claim) => `- ${tellClaim(claim)}`);
  const ruledOut = diagnosis.ruledOut.map((item) =>
    `- ${plain(item.candidate, 80)}: ${plain(item.reason)} ${cite(item.evidence)}`.trimEnd(),
  );
  return joinParts([
    table(['', ''], facts),
    diagnosis.statement.map((claim) => `- ${tellClaim(claim)}`).join('\n'),
    against.length > 0 ? `**What speaks against it**\n\n${against.join('\n')}` : '',
    ruledOut.length > 0 ? `**Ruled out**\n\n${ruledOut.join('\n')}` : '',
  ]);
}

function tellClaim(claim: Claim): string {
  return `${plain(claim.text)} ${cite(claim.evidence)}`.trimEnd();
}

/** More runs than this are not listed; the JSON has them all. */
const mostRuns = 40;

export function renderReproductionSection(state: IncidentState): string {
  const { reproduction } = state;
  if (!reproduction) return '';
  const { runs } = reproduction;
  const rows = runs
    .slice(0, mostRuns)
    .map((run) => [
      plain(run.service),
      code(run.revision.slice(0, 12)),
      `${nameRevision(reproduction, run)}${run.repeat === undefined ? '' : ' again'}`,
      code(run.command.join(' ')),
      run.known === undefined ? run.end : `${run.end} (not run again: ${plain(run.known, 80)})`,
      String(run.exitCode),
      duration(run.durationMs),
      run.match === undefined ? '' : matchWords[run.match],
      run.outputDigest === undefined ? '' : code(run.outputDigest.slice(0, 12)),
    ]);
  const example = runs.find(({ outputDigest }) => outputDigest !== undefined)?.outputDigest;
  const firstBad =
    reproduction.firstBad === undefined ? '' : `First revision that fails: ${code(reproduction.firstBad)}.`;
  const image = reproduction.imageDigest === '' ? '' : `Image: ${code(reproduction.imageDigest)}.`;
  return joinParts([
    [`**${reproduction.verdict}**.`, firstBad, image].filter((part) => part !== '').join(' '),
    toProof(reproduction)
      .notes.map((note) => `- ${plain(note)}`)
      .join('\n'),
    table(['service', 'revision', 'which', 'command', 'end', 'exit', 'time', "production's failure", 'output'], rows),
    runs.length > mostRuns ? `and ${runs.length - mostRuns} more` : '',
    renderFixSection(reproduction),
    example === undefined
      ? ''
      : `All that a run wrote: ${code(`resident show ${state.service} --output ${example.slice(0, 12)}`)}.`,
  ]);
}

export function renderPlanSection(state: IncidentState): string {
  const { plan } = state;
  if (!plan) return '';
  const rejection = tellRejection(plan, state.approvals);
  const isOld = plan.round < state.round ? ` Round ${state.round} proposed nothing in its place.` : '';
  return joinParts([
    rejection === undefined ? '' : `**This plan was ${plain(rejection, 120)}.**${isOld}`,
    `Digest ${code(plan.digest)}, round ${plan.round}, mode ${plan.mode}, policy ${plan.decision} (${code(plan.policyDigest.slice(0, 12))}), ${plan.reproduced ? 'reproduced' : '*not reproduced*'}. ${countOf(plan.approvalsNeeded, 'approval')} needed of ${plan.approvers.map((person) => plain(person, 80)).join(', ') || 'nobody: no approvers are configured'}, by ${time(plan.expiresAt)} UTC.`,
    block(plan.text),
  ]);
}

export function renderDecisions(state: IncidentState): string {
  const decided = state.approvals.map((item) => [
    time(item.at),
    plain(item.by, 80),
    item.decision,
    item.via,
    code(item.planDigest.slice(0, 12)),
    plain(item.reason ?? ''),
  ]);
  const refused = state.refusals.map((item) => [
    time(item.at),
    plain(item.by, 80),
    item.via,
    code(item.planDigest.slice(0, 12)),
    plain(item.why),
  ]);
  const steers = state.steers.map((item) => `- ${time(item.at)} ${plain(item.by, 80)}: ${plain(item.text)}`);
  return joinParts([
    table(['UTC', 'who', 'decision', 'via', 'plan', 'reason'], decided),
    refused.length > 0 ? '**Refused**' : '',
    table(['UTC', 'who', 'via', 'plan', 'why it did not count'], refused),
    steers.length > 0 ? `**Said by people**\n\n${steers.join('\n')}` : '',
  ]);
}

export function renderActions(state: IncidentState): string {
  const actions = state.plan?.actions ?? [];
  const done = (state.remediation?.actions ?? []).map((outcome) => {
    const action = actions.find((item) => item.id === outcome.actionId);
    return [
      code(outcome.actionId),
      action ? tellAction(action) : 'not in the plan',
      action?.risk ?? '',
      outcome.result,
      plain(outcome.detail),
    ];
  });
  const undo = state.undo.map((record) => [
    code(record.actionId),
    plain(record.action.undo),
    Object.entries(record.state.values)
      .map(([key, value]) => `${plain(key, 80)} ${code(value)}`)
      .join(', '),
    record.status === 'failed' ? '**failed**' : record.status,
    plain(record.detail),
  ]);
  return joinParts([
    table(['action', 'what', 'risk', 'result', 'detail'], done),
    undo.length > 0 ? '**Undo, recorded before each action began**' : '',
    table(['action', 'undo', 'state captured', 'status', 'detail'], undo),
  ]);
}

function tellAction(action: Action): string {
  const parameters = Object.entries(action.parameters).map(([key, value]) => `${plain(key, 80)} ${code(value)}`);
  const tainted =
    action.tainted.length > 0 ? ` (endorsed by a person: ${action.tainted.map((key) => plain(key)).join(', ')})` : '';
  return `${action.type} on ${plain(action.target)} ${parameters.join(', ')}${tainted}`.trim();
}

export function renderWatch(state: IncidentState): string {
  const rows = state.readings.map((reading) => [
    time(reading.at),
    plain(reading.name),
    reading.value === null ? 'none' : String(Number(reading.value.toPrecision(4))),
    plain(reading.threshold),
    reading.state,
    code(reading.expression),
  ]);
  return table(['UTC', 'condition', 'value', 'wanted', 'state', 'expression'], rows);
}

export function renderGaps(state: IncidentState): string {
  const known = state.evidence.map((item) => item.id);
  const unknown = state.diagnosis ? findUnknownCitations(state.diagnosis, known) : [];
  const empty = state.evidence.filter((item) => item.outcome === 'empty');
  const lines = [
    ...listGaps(state.evidence).map((gap) => plain(gap)),
    ...(state.diagnosis?.missing ?? []).map((text) => plain(text)),
    ...state.evidence.flatMap((item) =>
      item.truncated === undefined ? [] : `${cite([item.id])} ${plain(item.truncated)}`,
    ),
    ...empty.map((item) => `${cite([item.id])} answered, and had nothing: ${plain(item.summary)}`),
    ...unknown.map((id) => `The diagnosis cites ${plain(id)}, which is not evidence of this incident.`),
  ];
  return lines.length > 0 ? lines.map((line) => `- ${line}`).join('\n') : 'Every source answered.';
}

export function renderLessons(state: IncidentState): string {
  const rows = (state.diagnosis?.lessons ?? []).map((lesson) => [
    code(lesson.id),
    lesson.similarity.toFixed(2),
    lesson.agreement,
    plain(lesson.why),
  ]);
  return table(['lesson', 'similarity', 'fresh evidence', 'why'], rows);
}

export function renderEvidence(state: IncidentState): string {
  const rows = state.evidence.map((item) => [
    plain(item.id, 200),
    code(item.source),
    code(item.query),
    `${time(item.window.from)} to ${time(item.window.to)}`,
    item.outcome,
    plain(item.summary, 400),
    item.digest === undefined ? '' : code(item.digest),
  ]);
  return table(['id', 'source', 'query', 'window (UTC)', 'outcome', 'summary', 'SHA-256 of the body'], rows);
}

function joinParts(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('\n\n');
}
