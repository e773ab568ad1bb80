import type { Finding } from '../diagnosis/diagnosis.ts';
import type { Evidence } from '../evidence/evidence.ts';
import { titleAction, type Approval, type Plan } from '../plan/plan.ts';
import type { ActionOutcome, Reading, UndoRecord } from '../plan/remediation.ts';
import { code } from './report-markdown.ts';
import { bullets, clock, detailsOf, inline, section, spacedTable } from './ui-text.ts';

/** What a resident has seen so far. */
export interface ResidentProgress {
  readonly service: string;
  readonly askedAbout: string;
  readonly evidence: readonly Evidence[];
  /** How many queries are still under way. */
  readonly pending: number;
  readonly findings?: readonly Finding[];
  readonly suspects?: readonly string[];
  readonly summary?: string;
}

/** The page of one service's resident: what it looked at, and what that shows. */
export function renderResident(progress: ResidentProgress): string {
  const { service, evidence, pending, findings = [], suspects = [], summary } = progress;
  const state =
    pending > 0
      ? `collecting, ${pending} more to come`
      : summary === undefined
        ? 'examining what was collected'
        : 'examined';
  const newestFirst = [...findings].sort((a, b) => b.weight - a.weight);
  return detailsOf([
    `## Resident of ${inline(service)}: ${state}`,
    summary === undefined ? '' : `**In short:** ${inline(summary)}`,
    `Asked about: ${inline(progress.askedAbout)}`,
    suspects.length > 0 ? `**Suspicion goes on to:** ${suspects.map((name) => inline(name)).join(', ')}` : '',
    section(
      'Findings, the weightiest first',
      bullets(newestFirst.map(({ claim }) => [inline(claim.text), ...claim.evidence.map((id) => code(id))].join(' '))),
    ),
    section(
      'Evidence',
      spacedTable(
        ['what', 'outcome', 'shows'],
        evidence.map(({ kind, outcome, summary: shows, reason }) => [
          kind,
          outcome === 'failed' || outcome === 'refused' ? `**${outcome}**` : outcome,
          inline([shows, reason ?? ''].join(' '), 240),
        ]),
      ),
    ),
  ]);
}

/** What a saga has done so far. */
export interface RemediationProgress {
  readonly plan: Plan;
  readonly approvals: readonly Approval[];
  readonly actions: readonly ActionOutcome[];
  readonly undo: readonly UndoRecord[];
  readonly readings: readonly Reading[];
  /** What it is at, in a few words. */
  readonly step: string;
}

/** The page of a plan at work: its steps, the state that each undo would bring back, and the readings of the watch. */
export function renderRemediation({ plan, approvals, actions, undo, readings, step }: RemediationProgress): string {
  const people = approvals.map(({ by, via, at }) => `${inline(by)} (${via}, ${clock(at)})`);
  const rows = plan.actions.map((action, index) => {
    const outcome = actions.find(({ actionId }) => actionId === action.id);
    const record = undo.find(({ actionId }) => actionId === action.id);
    const before = Object.entries(record?.state.values ?? {}).map(([name, value]) => inline(`${name} ${value}`));
    return [
      `${index + 1}. ${inline(titleAction(action))}`,
      outcome ? `**${outcome.result}**` : record ? 'at work' : 'to do',
      before.join(', ') || 'not captured yet',
    ];
  });
  return detailsOf([
    `## Repair of ${inline(plan.target)}: ${inline(step)}`,
    `Approved by ${people.join(', ') || 'nobody'} for ${inline(plan.incidentId)}.`,
    section('Actions', spacedTable(['action', 'state', 'ran before'], rows)),
    section('Did it help?', readingsTable(readings)),
    section('Undo', renderUndo(undo)),
  ]);
}

/** Readings of the watch, the newest first: the present state is what is looked for. */
export function readingsTable(readings: readonly Reading[]): string {
  const stateWords = { ok: 'ok', breached: '**breached**', unknown: 'unknown' };
  return spacedTable(
    ['time', 'state', 'condition', 'value'],
    readings
      .slice(-12)
      .reverse()
      .map(({ at, name, value, threshold, state }) => [
        at.slice(11, 19),
        stateWords[state],
        inline(name, 80),
        `${value === null ? 'none' : String(Number(value.toPrecision(3)))}, wanted ${inline(threshold, 60)}`,
      ]),
  );
}

/** What became of each registered undo; the state that it brings back is short. */
export function renderUndo(undo: readonly UndoRecord[]): string {
  const words = {
    registered: 'ready, not needed',
    undone: '**undone**',
    'nothing-to-undo': 'nothing to undo',
    failed: '**UNDO FAILED, a person must do it**',
  };
  return bullets(
    undo.map(({ action, status, detail }) => `${inline(titleAction(action))}: ${words[status]}. ${inline(detail)}`),
  );
}
