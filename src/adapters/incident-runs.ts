import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { incidentWorkflowId } from '../domain/names.ts';

/** The part of a Temporal client that is used: a read of past runs. */
export interface RunLister {
  readonly workflow: Pick<Client['workflow'], 'list' | 'getHandle'>;
}

export interface IncidentRunsOptions {
  readonly client: RunLister;
  readonly log: (message: string, fields: Record<string, unknown>) => void;
  readonly tries?: number;
  readonly pauseMs?: number;
}

/** Looks up the incident that was closed last on the same service, so that a recurrence can link to it. */
export type FindPreviousRun = (service: string, runId: string) => Promise<string | undefined>;

/**
 * Visibility is eventually consistent, so an empty answer is asked for again a few times. Trouble is logged and answers
 * undefined: a missing link is no reason to fail an incident.
 */
export function createFindPreviousRun(options: IncidentRunsOptions): FindPreviousRun {
  const { client, log, tries = 2, pauseMs = 50 } = options;
  return async (service, runId) => {
    const workflowId = incidentWorkflowId(service);
    try {
      const { startTime } = await client.workflow.getHandle(workflowId, runId).describe();
      for (let attempt = 1; attempt <= tries; attempt += 1) {
        const found = await findNewest(client, workflowId, runId, startTime);
        if (found !== undefined) return found;
        if (attempt < tries) await pause(pauseMs);
      }
    } catch (error) {
      log('The incident before this one could not be looked up; it is not linked.', {
        workflowId,
        runId,
        error: String(error),
      });
    }
    return undefined;
  };
}

/** Enough to skip the links of one incident that continued as new. */
const maxRunsRead = 50;

async function findNewest(
  client: RunLister,
  workflowId: string,
  runId: string,
  before: Date,
): Promise<string | undefined> {
  const query = `WorkflowId = '${workflowId.replaceAll("'", "''")}'`;
  let newest: { readonly runId: string; readonly startTime: Date } | undefined;
  let read = 0;
  for await (const run of client.workflow.list({ query })) {
    read += 1;
    if (read > maxRunsRead) break;
    if (run.runId === runId || run.startTime >= before) continue;
    // A run that continued as new is the same incident, told on by the next one.
    if (run.status.name === 'RUNNING' || run.status.name === 'CONTINUED_AS_NEW') continue;
    if (!newest || run.startTime > newest.startTime) newest = { runId: run.runId, startTime: run.startTime };
  }
  return newest?.runId;
}
