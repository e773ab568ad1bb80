import type { Client } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import { countActions } from './actions-of-events.ts';

export interface HistorySize {
  /** Events of the incident's own run. */
  readonly events: number;
  /** Events of its children, and theirs. */
  readonly childEvents: number;
  /** Temporal actions of all of them; an estimate, see actions-of-events.ts. */
  readonly actions: number;
}

export interface RunHistory {
  readonly workflowId: string;
  readonly runId: string;
  readonly history: temporal.api.history.v1.IHistory;
}

/** The histories of one run and of every child below it, the run itself first. */
export async function fetchHistories(
  client: Client,
  workflowId: string,
  runId?: string,
): Promise<readonly RunHistory[]> {
  const handle = client.workflow.getHandle(workflowId, runId);
  const history = await handle.fetchHistory();
  const events = history.events ?? [];
  const children = events.flatMap(({ childWorkflowExecutionStartedEventAttributes: started }) => {
    const { workflowId: childId, runId: childRun } = started?.workflowExecution ?? {};
    return childId && childRun ? [{ childId, childRun }] : [];
  });
  const below: RunHistory[] = [];
  for (const { childId, childRun } of children) below.push(...(await fetchHistories(client, childId, childRun)));
  const own = events[0]?.workflowExecutionStartedEventAttributes?.originalExecutionRunId ?? runId ?? '';
  return [{ workflowId, runId: own, history }, ...below];
}

export async function describeHistory(client: Client, workflowId: string, runId?: string): Promise<HistorySize> {
  return measureHistories(await fetchHistories(client, workflowId, runId));
}

/** @param histories the run itself first, then its children. */
export function measureHistories(histories: readonly RunHistory[]): HistorySize {
  const sizes = histories.map(({ history }) => history.events?.length ?? 0);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const [events = 0] = sizes;
  return {
    events,
    childEvents: total - events,
    actions: histories.reduce((sum, { history }) => sum + countActions(history.events ?? []), 0),
  };
}
