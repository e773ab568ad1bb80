import { isPlaceOnly } from '../diagnosis/diagnosis.ts';
import type { IncidentState, Outcome } from '../incident/incident.ts';
import { plain, code, duration, table, time } from './report-markdown.ts';
import {
  renderActions,
  renderDecisions,
  renderDiagnosisSection,
  renderEvidence,
  renderGaps,
  renderLessons,
  renderPlanSection,
  renderReproductionSection,
  renderTimelineSection,
  renderWatch,
} from './report-sections.ts';
import { hasActed } from '../plan/remediation.ts';
import { asSentence, countOf } from '../text.ts';

/**
 * The incident told from its history, in Markdown: first what a person wants at 3 a.m., then what an auditor wants later.
 * The same state gives the same bytes. Every text of outside origin is made plain.
 */
export function renderReport(state: IncidentState): string {
  const sections: readonly (readonly [string, string])[] = [
    ['What happened', renderStory(state)],
    ['Timeline', renderTimelineSection(state)],
    ['Diagnosis', renderDiagnosisSection(state)],
    ['Reproduction', renderReproductionSection(state)],
    ['Plan', renderPlanSection(state)],
    ['Decisions', renderDecisions(state)],
    ['Actions and undo', renderActions(state)],
    ['Watch', renderWatch(state)],
    ['What could not be seen', renderGaps(state)],
    ['Lessons recalled', renderLessons(state)],
    ['Evidence', renderEvidence(state)],
  ];
  const body = sections.filter(([, text]) => text !== '').map(([title, text]) => `## ${title}\n\n${text}`);
  return `${[renderHeader(state), ...body].join('\n\n')}\n`;
}

/** `<service>-<opened>-<first 8 of the run's id>.md`: one name for one run, however often it is written. */
export function nameReport(state: Pick<IncidentState, 'service' | 'openedAt' | 'runId'>): string {
  const opened = state.openedAt.replace(/\.\d+/u, '').replace(/[^0-9TZ]/gu, '');
  return `${slug(state.service)}-${opened}-${slug(state.runId).slice(0, 8)}.md`;
}

/** A name that is safe as a file name on every system. */
export function slug(text: string): string {
  return text.replace(/[^A-Za-z0-9._-]+/gu, '-').replace(/^[.-]+/u, '') || 'unnamed';
}

/** When the incident ended, as its own timeline tells it. */
export function closedAt(state: IncidentState): string {
  return state.timeline.at(-1)?.at ?? state.openedAt;
}

function renderHeader(state: IncidentState): string {
  const closed = closedAt(state);
  const phases = Object.entries(state.phasesMs).map(([phase, ms]) => `${phase} ${duration(ms)}`);
  const rows: readonly (readonly [string, string])[] = [
    ['Service', plain(state.service)],
    ['Severity', state.severity],
    ['Outcome', `**${state.outcome ?? 'still open'}**`],
    ['Opened', `${time(state.openedAt)} UTC`],
    ['Closed', `${time(closed)} UTC (${duration(Date.parse(closed) - Date.parse(state.openedAt))})`],
    ['Phases', phases.join(', ')],
    ['Incident', `${code(state.incidentId)}, run ${code(state.runId)}`],
    ['Incident before', state.previousRunId === undefined ? '' : `run ${code(state.previousRunId)}`],
    ['Argued by', `${plain(state.diagnosis?.engine ?? 'nobody')}, ${countOf(state.modelCalls, 'model call')}`],
    ['Lesson kept', state.lesson === undefined ? '' : code(state.lesson)],
  ];
  const shown = rows.filter(([, value]) => value !== '');
  return `# ${plain(state.alerts[0]?.name ?? 'Incident')} on ${plain(state.service)}: ${state.outcome ?? state.phase}\n\n${table(['', ''], shown)}`;
}

function tellEnding({ outcome, remediation }: IncidentState): string {
  if (!outcome) return 'It is still open';
  if (outcome === 'recovered' && remediation && !hasActed(remediation)) {
    return 'Nothing had to be carried out, because what the plan wants was there already, and the service recovered';
  }
  return endings[outcome];
}

/** What was reported, what it was, who approved, how it ended. */
function renderStory(state: IncidentState): string {
  return [tellAlert(state), tellCause(state), tellEnd(state)].join(' ');
}

function tellAlert(state: IncidentState): string {
  const [first] = state.alerts;
  if (!first) return `An incident on ${plain(state.service)} was opened at ${time(state.openedAt)} UTC.`;
  const more = state.alerts.length - 1 + state.repeatedAlerts;
  const others = more > 0 ? `, followed by ${more} more or repeated` : '';
  return `At ${time(first.startsAt)} UTC ${plain(first.sender)} reported ${plain(first.name)} on ${plain(state.service)}${others}: “${plain(first.summary, 200).replace(/\.$/u, '')}”.`;
}

function tellCause(state: IncidentState): string {
  const { diagnosis, reproduction } = state;
  if (!diagnosis) return 'It ended before a diagnosis was argued.';
  if (diagnosis.verdict === 'inconclusive') return 'The evidence does not carry a cause.';
  if (diagnosis.verdict === 'no-fault') return 'The evidence shows no fault.';
  const what = diagnosis.change === 'none' ? '' : ` change ${code(diagnosis.change)} of`;
  const proof =
    reproduction === undefined
      ? 'it was not reproduced'
      : reproduction.verdict === 'reproduced'
        ? 'the sandbox reproduced it'
        : `the sandbox says ${reproduction.verdict}`;
  const why = isPlaceOnly(diagnosis) ? 'the place is known, the reason is not' : diagnosis.category;
  return `The evidence points to${what} ${plain(diagnosis.service)} (${why}, confidence ${Math.round(diagnosis.confidence * 100)} %), and ${proof}.`;
}

const endings: Readonly<Record<Outcome, string>> = {
  recovered: 'The plan was carried out and the service recovered',
  'rolled-back': 'The plan did not help and was undone',
  'rollback-incomplete': 'The plan did not help and **could not be undone wholly: a person has to finish it**',
  rejected: 'The plan was rejected, and nothing was changed',
  expired: 'Nobody decided in time, and nothing was changed',
  inconclusive: 'It was handed to a person with what is known, and nothing was changed',
  'no-fault': 'Nothing had to be done',
  'handed-over': 'It was handed over to a person',
  cancelled: 'It was cancelled',
};

function tellEnd(state: IncidentState): string {
  const ending = tellEnding(state);
  const approved = state.approvals.filter((approval) => approval.decision === 'approve');
  const people = approved.map((approval) => `${plain(approval.by, 80)} (${approval.via})`).join(' and ');
  const isPolicy = approved.some((approval) => approval.via === 'policy');
  const allowed = isPolicy ? 'Policy allowed the plan without a person' : `${people} approved the plan`;
  const story = people === '' ? ending : `${allowed}. ${ending}`;
  return state.outcomeReason ? `${story}. ${plain(asSentence(state.outcomeReason)).replace(/\.$/u, '')}.` : `${story}.`;
}
