import type { Diagnosis } from './diagnosis.ts';
import type { IncidentState } from './incident.ts';
import type { Plan } from './plan.ts';
import type { Reading } from './remediation.ts';
import type { Reproduction } from './reproduction.ts';

/** The Temporal UI keeps 20,000 bytes of details. */
const maxTimelineLines = 25;
const maxDetailsLength = 18_000;

/**
 * The live details of a run, in Markdown: someone who never saw the code must understand the incident from them alone.
 * Text of outside origin is stripped of Markdown by {@link plain}.
 */
export function renderDetails(state: IncidentState): string {
  const parts = [
    `## ${state.service}: ${state.outcome ?? state.phase}`,
    state.outcome ? `**Outcome:** ${state.outcome}. ${plain(state.outcomeReason ?? '')}` : '',
    state.awaitingApproval && state.plan ? renderWaiting(state.plan) : '',
    renderAlerts(state),
    state.diagnosis ? renderDiagnosis(state.diagnosis) : '',
    state.reproduction ? renderReproduction(state.reproduction) : '',
    state.plan ? renderPlan(state.plan) : '',
    state.readings.length > 0 ? renderReadings(state.readings) : '',
    renderTimeline(state),
  ];
  return parts
    .filter((part) => part !== '')
    .join('\n\n')
    .slice(0, maxDetailsLength);
}

function renderAlerts(state: IncidentState): string {
  const shown = state.alerts
    .slice(0, 5)
    .map((alert) => `- ${plain(alert.name)} (${alert.severity}): ${plain(alert.summary)}`);
  const more = state.alerts.length > 5 ? [`- and ${state.alerts.length - 5} more`] : [];
  return ['**Alerts**', ...shown, ...more].join('\n');
}

function renderDiagnosis(diagnosis: Diagnosis): string {
  const head =
    diagnosis.verdict === 'cause'
      ? `**Cause:** ${plain(diagnosis.service)}${diagnosis.change === 'none' ? '' : `, change \`${diagnosis.change.slice(0, 12)}\``}, ${diagnosis.category}, confidence ${diagnosis.confidence.toFixed(2)} (${diagnosis.engine})`
      : `**Diagnosis:** ${diagnosis.verdict} (${diagnosis.engine})`;
  const claims = diagnosis.statement.map((claim) => `- ${plain(claim.text)} ${cite(claim.evidence)}`);
  const against = diagnosis.against.map((claim) => `- Against: ${plain(claim.text)} ${cite(claim.evidence)}`);
  const ruledOut = diagnosis.ruledOut
    .slice(0, 8)
    .map((item) => `- Ruled out ${plain(item.candidate.slice(0, 40))}: ${plain(item.reason)}`);
  const missing = diagnosis.missing.map((text) => `- Not known: ${plain(text)}`);
  return [head, ...claims, ...against, ...ruledOut, ...missing].join('\n');
}

function renderReproduction(reproduction: Reproduction): string {
  const rows = reproduction.runs.map(
    (run) =>
      `| ${plain(run.service)} | \`${run.revision.slice(0, 12)}\` | ${run.end} | ${run.exitCode} | ${(run.durationMs / 1000).toFixed(1)} s |`,
  );
  const table =
    rows.length > 0 ? ['', '| service | revision | result | exit | time |', '|---|---|---|---|---|', ...rows] : [];
  return [`**Reproduction:** ${reproduction.verdict}. ${plain(reproduction.reason)}`, ...table].join('\n');
}

function renderPlan(plan: Plan): string {
  const actions = plan.actions.map(
    (action, index) =>
      `${index + 1}. ${plain(action.summary)} (risk ${action.risk}). Undo: ${plain(action.undo)}. Check: ${plain(action.check)}`,
  );
  return [`**Plan** \`${plan.digest}\` on ${plain(plan.target)}, policy: ${plan.decision}`, ...actions].join('\n');
}

function renderWaiting(plan: Plan): string {
  const payload = JSON.stringify({ planDigest: plan.digest, by: plan.approvers[0] ?? 'you' });
  return [
    `### Waiting for a decision of ${plan.approvers.map(plain).join(', ') || 'nobody: no approvers are configured'} until ${plan.expiresAt}`,
    'Send the signal `approve` with',
    '```json',
    payload,
    '```',
    'or `reject` with a `reason` added, from this page or with `resident approve`.',
  ].join('\n');
}

/** Readings of the watch as a table, newest last. */
export function renderReadings(readings: readonly Reading[]): string {
  const rows = readings
    .slice(-20)
    .map(
      (reading) =>
        `| ${reading.at} | ${plain(reading.name)} | ${reading.value ?? 'unknown'} | ${plain(reading.threshold)} | ${reading.state} |`,
    );
  return ['**Watch**', '', '| time | condition | value | wanted | state |', '|---|---|---|---|---|', ...rows].join(
    '\n',
  );
}

function renderTimeline(state: IncidentState): string {
  const lines = state.timeline
    .slice(-maxTimelineLines)
    .map((entry) => `- ${entry.at.slice(11, 19)} ${entry.phase}: ${plain(entry.text)}`);
  return ['**Timeline** (UTC)', ...lines].join('\n');
}

function cite(evidence: readonly string[]): string {
  return evidence.length > 0 ? `[${evidence.map(plain).join(', ')}]` : '';
}

const maxPlainLength = 600;

/** Text of outside origin, made harmless in Markdown: no markup, no links, no HTML, one line. */
function plain(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}]/gu, ' ')
    .replace(/[<>[\]`*_|\\]/g, (mark) => `\\${mark}`)
    .slice(0, maxPlainLength);
}
