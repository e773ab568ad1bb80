import type { IncidentRow } from '../client/read.ts';
import { isPlaceOnly, type Diagnosis } from '../domain/diagnosis/diagnosis.ts';
import type { TimelineEntry, IncidentState } from '../domain/incident/incident.ts';
import { tellRejection } from '../domain/plan/plan.ts';
import { renderProofText, toProof } from '../domain/reproduction/tabulate-runs.ts';
import { paint, plain, renderTable, renderTime } from './output.ts';

export function renderList(rows: readonly IncidentRow[]): string {
  if (rows.length === 0) return 'No incidents.';
  return renderTable(
    ['INCIDENT', 'SEVERITY', 'STATE', 'OPENED', 'CLOSED', 'RUN'],
    rows.map((row) => [
      row.incidentId,
      row.severity,
      row.isOpen ? `${row.phase}${row.awaitingApproval ? ' (waits for you)' : ''}` : (row.outcome ?? 'ended'),
      renderTime(row.openedAt),
      row.closedAt ? renderTime(row.closedAt) : '',
      row.runId,
    ]),
  );
}

export function renderEntry(entry: TimelineEntry): string {
  const time = renderTime(entry.at).slice(11);
  return `${paint('dim', time)}  ${paint('cyan', entry.phase.padEnd(11))} ${plain(entry.text)}`;
}

/** The whole case for people, most important first. */
export function renderState(state: IncidentState, link: string | undefined): string {
  const outcome = state.outcome
    ? `${state.outcome}${state.outcomeReason ? `: ${state.outcomeReason}` : ''}`
    : state.phase;
  const parts = [
    paint('bold', `${state.incidentId}  ${plain(outcome)}`),
    [`run ${state.runId}`, `severity ${state.severity}`, `opened ${renderTime(state.openedAt)}`].join(', '),
    ...(link ? [link] : []),
    '',
    ...state.timeline.map(renderEntry),
    renderArgument(state),
    ...(state.report ? ['', `Report: ${state.report}`] : []),
  ];
  return parts.join('\n');
}

/** What a person needs to decide: the diagnosis with its evidence, the reproduction and the plan. */
export function renderArgument(state: IncidentState): string {
  return [...renderDiagnosis(state), ...renderReproduction(state), ...renderPlan(state)].join('\n');
}

function renderDiagnosis({ diagnosis }: IncidentState): readonly string[] {
  if (!diagnosis) return [];
  return [
    '',
    paint('bold', `Diagnosis: ${plain(tellAnswer(diagnosis))}`),
    ...diagnosis.statement.map((claim) => `  ${plain(claim.text)} ${paint('dim', `[${claim.evidence.join(', ')}]`)}`),
    ...diagnosis.ruledOut.map((item) => `  Ruled out: ${plain(`${item.candidate}: ${item.reason}`)}`),
    ...diagnosis.missing.map((text) => `  Missing: ${plain(text)}`),
  ];
}

function tellAnswer(diagnosis: Diagnosis): string {
  const { verdict, service, change, category, confidence } = diagnosis;
  if (verdict !== 'cause') return verdict;
  const what = isPlaceOnly(diagnosis) ? 'the place is known, the reason is not' : `${change}, ${category}`;
  return `${service}, ${what}, confidence ${confidence.toFixed(2)}`;
}

/** Left out where the plan below shows the same as its proof. */
function renderReproduction({ reproduction, plan, round }: IncidentState): readonly string[] {
  if (!reproduction || (plan?.proof && plan.round === round)) return [];
  const proof = toProof(reproduction);
  return [
    '',
    paint('bold', `Reproduction: ${reproduction.verdict}`),
    ...[...proof.notes, ...renderProofText(proof)].map((line) => `  ${plain(line)}`),
  ];
}

function renderPlan(state: IncidentState): readonly string[] {
  const { plan } = state;
  if (!plan) return [];
  const rejection = tellRejection(plan, state.approvals);
  const mark = rejection === undefined ? '' : `, ${plain(rejection)}`;
  const lines = ['', paint('bold', `Plan ${plan.digest}${mark}`), plain(plan.text)];
  for (const approval of state.approvals) {
    lines.push(`${approval.decision} by ${plain(approval.by)} (${approval.via}) at ${renderTime(approval.at)}`);
  }
  for (const refusal of state.refusals) lines.push(`refused: ${plain(`${refusal.by}: ${refusal.why}`)}`);
  if (state.awaitingApproval) {
    lines.push('', `To decide: resident approve ${state.service}   or   resident reject ${state.service} --reason "…"`);
  }
  return lines;
}
