import type { Alert } from '../incident/alert.ts';
import type { IncidentState } from '../incident/incident.ts';
import type { Lesson } from './lesson.ts';
import { cleanLine } from '../diagnosis/prompt-text.ts';
import { cite, code, plain } from '../report/report-markdown.ts';
import { hasActed } from '../plan/remediation.ts';
import { closedAt, slug } from '../report/report.ts';

/** What is known when lessons are looked for: the alerts, and the service whose resident asks. */
export interface LessonQuery {
  readonly service: string;
  readonly alerts: readonly Pick<Alert, 'name' | 'service' | 'summary' | 'labels' | 'annotations'>[];
}

export interface RankedLesson {
  readonly lesson: Lesson;
  /** 0 to 1. */
  readonly similarity: number;
}

/** Below this a lesson shares too little to be worth the room that it takes. */
const leastSimilarity = 0.25;

const shares = { alert: 0.4, service: 0.25, cause: 0.15, signatures: 0.2 } as const;

/**
 * Ranks lessons by structure first (the alert's name, the service, the service at fault), then by the words of their log
 * signatures; newer before older where they tie. No index: a team's lessons are some hundreds of small files.
 */
export function rankLessons(query: LessonQuery, lessons: readonly Lesson[], limit: number): readonly RankedLesson[] {
  const words = splitWords(
    query.alerts.flatMap((alert) => [alert.summary, ...Object.values(alert.annotations)]).join(' '),
  );
  return lessons
    .map((lesson) => ({ lesson, similarity: compareWith(query, words, lesson) }))
    .filter((item) => item.similarity >= leastSimilarity)
    .sort(
      (a, b) =>
        b.similarity - a.similarity ||
        compareText(b.lesson.closedAt, a.lesson.closedAt) ||
        compareText(a.lesson.id, b.lesson.id),
    )
    .slice(0, limit);
}

function compareWith(query: LessonQuery, words: ReadonlySet<string>, lesson: Lesson): number {
  const services = [query.service, ...query.alerts.map((alert) => alert.service)];
  const labels = query.alerts.flatMap((alert) => Object.values(alert.labels));
  const hasAlert = query.alerts.some((alert) => alert.name === lesson.alertName);
  const hasService = services.includes(lesson.alertService);
  const hasCause = lesson.causeService !== '' && [...services, ...labels].includes(lesson.causeService);
  const overlap = Math.max(0, ...lesson.signatures.map((signature) => overlapOf(splitWords(signature), words)));
  const score =
    (hasAlert ? shares.alert : 0) +
    (hasService ? shares.service : 0) +
    (hasCause ? shares.cause : 0) +
    shares.signatures * overlap;
  return Math.round(score * 100) / 100;
}

/** How much of `some` is in `all`, 0 to 1. */
function overlapOf(some: ReadonlySet<string>, all: ReadonlySet<string>): number {
  if (some.size === 0) return 0;
  return [...some].filter((word) => all.has(word)).length / some.size;
}

function splitWords(text: string): ReadonlySet<string> {
  return new Set(text.toLowerCase().match(/[\p{L}\p{N}]{3,}/gu) ?? []);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * What a closed incident teaches, or undefined when there is nothing: a cause was found, or a plan was rejected or undone.
 * The same state gives the same lesson, so that a retry writes the same file.
 */
export function learnLesson(state: IncidentState): Lesson | undefined {
  const { diagnosis, outcome } = state;
  if (!diagnosis || !outcome) return undefined;
  const isRejected = state.approvals.some((approval) => approval.decision === 'reject');
  const isUndone = state.undo.some((record) => record.status !== 'registered');
  if (diagnosis.verdict !== 'cause' && !isRejected && !isUndone) return undefined;
  return {
    id: `${state.openedAt.slice(0, 10)}-${slug(state.service)}-${slug(state.runId).slice(0, 8)}`,
    incidentId: state.incidentId,
    runId: state.runId,
    closedAt: closedAt(state),
    alertName: cleanLine(state.alerts[0]?.name ?? '', 200),
    alertService: state.service,
    causeService: diagnosis.service,
    category: diagnosis.category,
    change: diagnosis.change,
    outcome,
    signatures: diagnosis.signatures.slice(0, 20).map((signature) => cleanLine(signature, 300)),
    fix: cleanLine(tellFix(state), 600),
    text: renderText(state),
  };
}

function tellFix(state: IncidentState): string {
  const actions = (state.plan?.actions ?? []).map((action) => `${action.type} on ${action.target}`).join(', then ');
  const rejection = state.approvals.find((approval) => approval.decision === 'reject')?.reason;
  // After a second round without a plan only the outcome still tells what people said.
  if (state.outcome === 'rejected' && (actions === '' || rejection === undefined)) {
    return state.outcomeReason ?? 'Rejected by a person.';
  }
  if (actions === '') return 'No action was proposed.';
  if (state.outcome === 'rejected') return `${actions}: rejected by a person, because: ${rejection}.`;
  if (state.outcome === 'recovered') {
    const hadNothingToDo = state.remediation !== undefined && !hasActed(state.remediation);
    return `${actions}: ${hadNothingToDo ? 'it was so already, nothing was done, and ' : ''}the service recovered.`;
  }
  if (state.outcome === 'rolled-back') return `${actions}: it did not help and was undone.`;
  if (state.outcome === 'rollback-incomplete') return `${actions}: it did not help, and could not be undone wholly.`;
  if (state.remediation?.outcome === 'not-watched') {
    return `${actions}: carried out; whether it helped could not be read.`;
  }
  return `${actions}: proposed, and not carried out to its end (${state.outcome ?? 'still open'}).`;
}

function renderText(state: IncidentState): string {
  const { diagnosis } = state;
  const statement = (diagnosis?.statement ?? []).map((claim) =>
    `- ${plain(claim.text)} ${cite(claim.evidence)}`.trimEnd(),
  );
  const ruledOut = (diagnosis?.ruledOut ?? []).map((item) => `- ${plain(item.candidate, 80)}: ${plain(item.reason)}`);
  const signatures = (diagnosis?.signatures ?? []).slice(0, 20).map((signature) => `- ${code(signature)}`);
  const parts: readonly (readonly [string, readonly string[]])[] = [
    ['What it was', statement],
    ['What was done', [plain(tellFix(state))]],
    ['What it was not', ruledOut],
    ['How it shows in the logs', signatures],
  ];
  const sections = parts
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => `## ${title}\n\n${lines.join('\n')}`);
  return [`# ${plain(state.alerts[0]?.name ?? 'Incident')} on ${plain(state.service)}`, ...sections].join('\n\n');
}

/** The lesson's file: YAML front matter (every value in JSON form, which YAML reads) and Markdown. */
export function renderLesson(lesson: Lesson): string {
  const { id: _id, text, signatures, ...fields } = lesson;
  const lines = Object.entries(fields).map(([key, value]) => `${key}: ${JSON.stringify(value)}`);
  const list = signatures.map((signature) => `  - ${JSON.stringify(signature)}`);
  const signatureLines = list.length > 0 ? ['signatures:', ...list] : ['signatures: []'];
  return ['---', ...lines, ...signatureLines, '---', '', text.trim(), ''].join('\n');
}
