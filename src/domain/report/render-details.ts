import type { Alert } from '../incident/alert.ts';
import { isPlaceOnly, type Claim, type Diagnosis } from '../diagnosis/diagnosis.ts';
import { listGaps } from '../evidence/evidence.ts';
import type { IncidentState, Outcome, Phase } from '../incident/incident.ts';
import { tellRejection, titleAction, type Plan } from '../plan/plan.ts';
import { readingsTable, renderUndo } from './render-child-details.ts';
import { block, code } from './report-markdown.ts';
import type { Reproduction } from '../reproduction/reproduction.ts';
import { matchWords, tellEnd, toProof } from '../reproduction/tabulate-runs.ts';
import { bullets, clock, clockAndDay, detailsOf, inline, section, spacedTable } from './ui-text.ts';

const maxTimelineLines = 25;

/**
 * The live details of an incident, in Markdown: what happened, what must I do, why, what is proposed, what was done, did it help.
 * Someone who never saw the code must understand the incident from them alone, so a wanted decision stands on top.
 */
export function renderDetails(state: IncidentState): string {
  const { diagnosis, reproduction, plan } = state;
  return detailsOf([
    `## ${inline(state.service)}: ${headline(state)}`,
    renderInShort(state),
    renderWaiting(state),
    renderRefusals(state),
    section('Did it help? What was read since', readingsTable(state.readings)),
    diagnosis
      ? section('Why: the evidence', bullets(diagnosis.statement.map(renderClaim)), renderDoubts(diagnosis))
      : '',
    reproduction ? renderReproduction(reproduction) : '',
    plan ? renderPlan(plan, markOf(state)) : '',
    section('Undo', renderUndo(state.undo)),
    diagnosis ? renderRuledOut(diagnosis) : '',
    section('Could not be seen', bullets(listGaps(state.evidence).map((gap) => inline(gap)))),
    renderTimeline(state),
    plan
      ? section(
          `The plan word for word, digest ${code(plan.digest.slice(0, 12))}…${markOf(state)}`,
          block(plan.text, 6_000),
        )
      : '',
  ]);
}

/** What is known from the first moment: still there when no worker runs, or the incident is long closed. */
export function renderOpening(service: string, alerts: readonly Alert[]): string {
  return detailsOf([
    `## An incident of ${inline(service)}`,
    section(
      'Alerts that opened it',
      bullets(
        alerts.map(
          (alert) =>
            `**${inline(alert.name)}** (${alert.severity}), began at ${inline(clockAndDay(alert.startsAt))}, told by ${inline(alert.sender)}: ${inline(alert.summary)}${alert.expression ? `; its condition: ${code(alert.expression)}` : ''}`,
        ),
        5,
      ),
    ),
    section(
      'How to read this page',
      bullets([
        '**Current Details** on this page is the live case: cause, evidence, plan, and what you can do. It needs a running worker; press R to renew it.',
        '**Timeline** shows each step with what it was for; **Relationships** leads to the residents of the services and to the repair.',
        '**Result** of a closed incident is the whole case as JSON; its `report` names the report.',
      ]),
    ),
  ]);
}

const phaseWords: Readonly<Record<Phase, string>> = {
  triage: 'opened',
  investigate: 'looking for the cause',
  reproduce: 'reproducing the failure in the sandbox',
  propose: 'choosing a repair',
  approve: 'decided, about to go on',
  remediate: 'carrying out the repair',
  watch: 'repaired, watching whether it helps',
  close: 'closing',
};

const outcomeWords: Readonly<Record<Outcome, string>> = {
  recovered: 'recovered',
  'rolled-back': 'the repair did not last, and was undone (rolled-back)',
  'rollback-incomplete': 'AN UNDO FAILED, a person is needed now (rollback-incomplete)',
  rejected: 'the plan was rejected, nothing was changed (rejected)',
  expired: 'nobody decided in time, nothing was changed (expired)',
  inconclusive: 'no cause found, a person must look (inconclusive)',
  'no-fault': 'no fault found (no-fault)',
  'handed-over': 'handed over to a person (handed-over)',
  cancelled: 'cancelled',
};

function headline({ outcome, awaitingApproval, phase }: IncidentState): string {
  if (outcome) return outcomeWords[outcome];
  return awaitingApproval ? 'waiting for your decision' : phaseWords[phase];
}

function renderInShort(state: IncidentState): string {
  const { diagnosis, plan, approvals, remediation, outcome, outcomeReason } = state;
  const done = remediation?.actions.length ?? 0;
  const lines = [
    ...state.alerts
      .slice(0, 3)
      .map(
        (alert) =>
          `**Alert:** ${inline(alert.name)} (${alert.severity}), since ${inline(clock(alert.startsAt))}: ${inline(alert.summary)}`,
      ),
    state.alerts.length > 3 ? `**More alerts:** ${state.alerts.length - 3}` : '',
    diagnosis ? renderCause(state, diagnosis) : '',
    plan
      ? `**${done > 0 ? 'Repair' : 'Proposed'}${markOf(state)}:** ${plan.actions.map((action) => `${inline(titleAction(action))} (risk ${action.risk})`).join('; then ')}`
      : '',
    ...approvals.map(
      ({ decision, by, via, at, reason }) =>
        `**${decision === 'approve' ? 'Approved' : 'Rejected'}** by ${inline(by)} (${via}) at ${clock(at)}${reason ? `: ${inline(reason)}` : ''}`,
    ),
    renderNow(state),
    outcome && outcomeReason ? `**Outcome:** ${outcome}. ${inline(outcomeReason)}` : '',
    state.report
      ? `**Report:** ${code(state.report.split('/').at(-1) ?? '')}, or ${code(`resident report ${state.service}`)}`
      : '',
  ].filter((line) => line !== '');
  return bullets(lines, 20);
}

/** The newest reading of each condition, counted: the answer to whether it helped. */
function renderNow({ readings }: IncidentState): string {
  const newest = Object.values(Object.fromEntries(readings.map((reading) => [reading.name, reading])));
  if (newest.length === 0) return '';
  const well = newest.filter(({ state }) => state === 'ok').length;
  return `**Did it help:** ${well} of ${newest.length} conditions read well at ${clock(newest.at(-1)?.at ?? '')}`;
}

function renderCause(state: IncidentState, diagnosis: Diagnosis): string {
  const { service, change, category, confidence, engine, verdict } = diagnosis;
  if (verdict !== 'cause')
    return `**Cause:** ${verdict === 'no-fault' ? 'no fault was found' : 'not found'} (${inline(engine)})`;
  const what = isPlaceOnly(diagnosis)
    ? 'the reason is not known'
    : change === 'none'
      ? `no change of ours (${category})`
      : `${category} ${code(change.slice(0, 12))}`;
  const tried = state.reproduction?.verdict === 'reproduced' ? ', **reproduced in the sandbox**' : '';
  return `**Cause:** ${inline(service)}, ${what}, confidence ${Math.round(confidence * 100)} %${tried}`;
}

/** What the approver must do, with texts to copy. */
function renderWaiting({ awaitingApproval, plan, service, approvals }: IncidentState): string {
  if (!awaitingApproval || !plan) return '';
  const { digest, approvers, approvalsNeeded, expiresAt } = plan;
  if (approvers.length === 0)
    return section('What you can do', 'Nothing: no approvers are configured for this service.');
  const by = approvers.find((name) => !approvals.some((approval) => approval.by === name)) ?? '';
  const json = (value: object): string => block(JSON.stringify(value)).replace('```text', '```json');
  const given = approvalsNeeded > 1 ? ` ${approvals.length} of ${approvalsNeeded} approvals are given.` : '';
  const others = approvers.length > 1 ? ' Put your own name after `by`.' : '';
  return section(
    `What you can do until ${clockAndDay(expiresAt)}`,
    `Wanted: ${approvers.map((name) => inline(name)).join(' or ')}.${given} Read the plan below; nothing is changed before you decide.`,
    `To **approve**: More Actions, Send a Signal, ${code('approve')}, and as Data (a triple click selects all of it):`,
    json({ planDigest: digest, by }),
    `To **reject**, and have another round: the signal ${code('reject')} with`,
    json({ planDigest: digest, by, reason: 'why' }),
    `Or in a terminal: ${code(`resident approve ${service}`)}, ${code(`resident reject ${service} --reason "why"`)}.${others}`,
  );
}

/** A signal gives no answer, so its refusal has to stand where its sender looks. */
function renderRefusals({ refusals }: IncidentState): string {
  const newest = refusals.slice(-3).reverse();
  return section(
    'Decisions that did not count',
    bullets(newest.map(({ at, by, why }) => `${clock(at)}, ${inline(by)}: ${inline(why)}`)),
  );
}

function renderDoubts({ against, missing, lessons }: Diagnosis): string {
  return bullets([
    ...against.map((claim) => `**Against it:** ${renderClaim(claim)}`),
    ...missing.map((text) => `**Not known:** ${inline(text)}`),
    ...lessons.slice(0, 2).map(({ id, agreement, why }) => `**Lesson** ${code(id)} ${agreement}: ${inline(why)}`),
  ]);
}

function renderClaim({ text, evidence }: Claim): string {
  return [inline(text, 600), ...evidence.map((id) => code(id))].join(' ');
}

function renderReproduction(reproduction: Reproduction): string {
  const { rows, left, notes } = toProof(reproduction);
  const words = {
    reproduced: 'The failure follows the change',
    'not-reproduced': 'Not reproduced',
    flaky: 'Flaky',
    'cannot-run': 'Could not run',
  };
  const cells = rows.map((row) => [
    code(row.revision),
    row.service === reproduction.suspectService ? row.what : inline(row.service, 60),
    row.end === 'passed' ? tellEnd(row) : `**${tellEnd(row)}**`,
    `${(row.durationMs / 1000).toFixed(1)} s`,
    row.match === undefined ? '' : matchWords[row.match],
    code(row.command, 80),
  ]);
  return section(
    `In the sandbox: ${words[reproduction.verdict]}`,
    bullets(notes.map((note) => inline(note))),
    spacedTable(
      [`revision of ${inline(reproduction.suspectService)}`, 'which', 'end', 'time', "production's failure", 'command'],
      cells,
    ),
    left > 0 ? `and ${left} more` : '',
  );
}

/** Tells a plan that was rejected from one that waits. */
function markOf({ plan, approvals }: IncidentState): string {
  const rejection = plan && tellRejection(plan, approvals);
  return rejection === undefined ? '' : `, ${inline(rejection, 120)}`;
}

function renderPlan(plan: Plan, mark: string): string {
  const policy = {
    auto: 'policy lets Resident act by itself',
    ask: 'policy asks people first',
    forbid: 'policy only lets it be proposed',
  };
  // No nested lists: the UI renders what is inside a list item as one line.
  const actions = plan.actions.map((action, index) => {
    const tainted = `**Read twice:** ${inline(action.tainted.join(', '))} is not from the inventory of this incident`;
    const words = [`Undo: ${inline(action.undo)}`, `Check: ${inline(action.check)}`];
    const title = `**${index + 1}. ${inline(titleAction(action))}**, risk ${action.risk}`;
    return `${title}\n\n${bullets(action.tainted.length > 0 ? [tainted, ...words] : words)}`;
  });
  return section(`The plan (mode ${plan.mode}: ${policy[plan.decision]})${mark}`, actions.join('\n\n'));
}

function renderRuledOut({ ruledOut }: Diagnosis): string {
  return section(
    'Ruled out',
    bullets(
      ruledOut.map(
        ({ candidate, reason }) =>
          `${code(/^[0-9a-f]{40}$/u.test(candidate) ? candidate.slice(0, 12) : candidate, 60)}: ${inline(reason, 200)}`,
      ),
      8,
    ),
  );
}

function renderTimeline(state: IncidentState): string {
  const left = state.timeline.length - maxTimelineLines;
  const lines = state.timeline
    .slice(-maxTimelineLines)
    .map((entry) => `${entry.at.slice(11, 19)} ${entry.phase}: ${inline(entry.text, 240)}`);
  return section(
    `Timeline (UTC)${left > 0 ? `, the newest ${maxTimelineLines}` : ''}`,
    bullets(lines, maxTimelineLines),
  );
}
