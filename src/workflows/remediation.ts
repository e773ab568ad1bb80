import {
  CancellationScope,
  getExternalWorkflowHandle,
  isCancellation,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import type { Alert } from '../domain/incident/alert.ts';
import { titleAction, type Action, type Approval, type Plan } from '../domain/plan/plan.ts';
import type {
  ActionOutcome,
  Reading,
  RemediationResult,
  UndoRecord,
  WatchVerdict,
} from '../domain/plan/remediation.ts';
import { renderRemediation } from '../domain/report/render-child-details.ts';
import type { Timings } from '../domain/settings.ts';
import { summaryLine } from '../domain/report/ui-text.ts';
import { rootMessage, rootType } from './failures.ts';
import { watchStartedSignal } from './messages.ts';
import { actProxy, undoProxy } from './proxies.ts';
import { watch } from './watch.ts';

export interface RemediationInput {
  readonly plan: Plan;
  readonly approvals: readonly Approval[];
  readonly alerts: readonly Alert[];
  readonly watchedServices: readonly string[];
  readonly timings: Timings;
}

/** What the saga has done so far. The undo list is data, so that a report can tell it. */
interface Progress {
  undo: UndoRecord[];
  actions: ActionOutcome[];
  readings: Reading[];
}

/** Failures of the first action which say that it never began (src/activities/remediate/action-ports.ts). */
const nothingChanged =
  /^(Action\.(NotApproved|PlanChanged|Expired|StateChanged|StateUnknown)|Policy\..*|Config\.(LocalChanges|Refused))$/;

/**
 * Carries a plan out as a saga: the undo of each action is registered, with the state that it needs, before the action starts,
 * and the watch is part of it. On failure, cancel, a failed check and regression the undos run, newest first.
 */
export async function remediation(input: RemediationInput): Promise<RemediationResult> {
  const progress: Progress = { undo: [], actions: [], readings: [] };
  try {
    for (const action of input.plan.actions) await carryOut(input, action, progress);
    await announceWatch(progress.actions.filter(({ result }) => result === 'done').length);
    show(input, progress, 'the actions are done, watching whether they help');
    const verdict = await watch(input, progress.readings, () => show(input, progress, 'watching whether it helps'));
    if (verdict !== 'breached') {
      show(input, progress, verdict === 'recovered' ? 'done, and recovered' : 'done, but nothing could be read');
      return keep(verdict, progress);
    }
    return await undoAll(input, progress, 'the service did not recover while it was watched');
  } catch (error) {
    const isRefusal = progress.actions.length === 0 && nothingChanged.test(rootType(error));
    if (isRefusal) {
      show(input, { ...progress, undo: [] }, `refused, nothing was changed: ${rootMessage(error)}`);
      return { outcome: 'refused', ...progress, undo: [], reason: rootMessage(error) };
    }
    return await undoAll(input, progress, isCancellation(error) ? 'cancelled' : rootMessage(error));
  }
}

function show({ plan, approvals }: RemediationInput, progress: Progress, step: string): void {
  setCurrentDetails(renderRemediation({ plan, approvals, ...progress, step }));
}

async function carryOut(input: RemediationInput, action: Action, progress: Progress): Promise<void> {
  const { captureState, performAction, checkAction } = actProxy(input.timings);
  const state = await captureState.executeWithOptions(
    { summary: summaryLine(`Capture what ${action.target} runs now`) },
    [{ action }],
  );
  progress.undo.push({ actionId: action.id, action, state, status: 'registered', detail: action.undo });
  const { plan, approvals } = input;
  show(input, progress, titleAction(action));
  const outcome = await performAction.executeWithOptions({ summary: summaryLine(titleAction(action)) }, [
    { plan, action, approvals, state },
  ]);
  progress.actions.push(outcome);
  show(input, progress, 'checking the action');
  await checkAction.executeWithOptions({ summary: summaryLine(`Check: ${action.check}`) }, [{ action, state }]);
}

/** The incident may be gone when somebody terminated it; the saga goes on without it. */
async function announceWatch(actions: number): Promise<void> {
  const { parent } = workflowInfo();
  if (!parent) return;
  const handle = getExternalWorkflowHandle(parent.workflowId, parent.runId);
  await handle.signal(watchStartedSignal, { actions }).catch((error: unknown) => {
    if (isCancellation(error)) throw error;
  });
}

function keep(verdict: Exclude<WatchVerdict, 'breached'>, progress: Progress): RemediationResult {
  const isRecovered = verdict === 'recovered';
  return {
    ...progress,
    outcome: isRecovered ? 'recovered' : 'not-watched',
    reason: isRecovered ? '' : 'no condition or objective could be read while watching',
  };
}

/** Newest first, each by itself, so that one failing undo does not keep the others from running. */
async function undoAll(input: RemediationInput, progress: Progress, reason: string): Promise<RemediationResult> {
  const { undoAction } = undoProxy(input.timings);
  show(input, progress, `undoing, because ${reason}`);
  const undo = await CancellationScope.nonCancellable(async () => {
    const records: UndoRecord[] = [];
    for (const record of [...progress.undo].reverse()) {
      const { action, state } = record;
      const undone = await undoAction
        .executeWithOptions({ summary: summaryLine(`Undo: ${titleAction(action)}`) }, [{ action, state }])
        .catch((error: unknown) => ({ status: 'failed' as const, detail: rootMessage(error) }));
      records.push({ ...record, ...undone });
    }
    return records;
  });
  const isIncomplete = undo.some((record) => record.status === 'failed');
  show(input, { ...progress, undo }, isIncomplete ? 'AN UNDO FAILED' : `undone, because ${reason}`);
  return { ...progress, undo, outcome: isIncomplete ? 'rollback-incomplete' : 'rolled-back', reason };
}
