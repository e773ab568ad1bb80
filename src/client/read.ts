import {
  isGrpcServiceError,
  QueryNotRegisteredError,
  WorkflowNotFoundError,
  type Client,
  type WorkflowExecutionInfo,
} from '@temporalio/client';
import type { IncidentState } from '../domain/incident/incident.ts';
import { searchAttributeNames, workflowTypes } from '../domain/names.ts';
import { stateQuery } from '../workflows/messages.ts';
import { awaitingApprovalKey, outcomeKey, phaseKey, serviceKey, severityKey } from '../workflows/search-attributes.ts';

/** One line of the list of incidents, from Temporal's own index; no worker needs to be alive for it. */
export interface IncidentRow {
  readonly incidentId: string;
  readonly runId: string;
  readonly service: string;
  readonly severity: string;
  readonly phase: string;
  readonly awaitingApproval: boolean;
  readonly outcome?: string;
  readonly isOpen: boolean;
  readonly openedAt: string;
  readonly closedAt?: string;
}

export interface ListFilter {
  readonly service?: string;
  readonly open?: boolean;
  readonly limit?: number;
}

/** Incidents, newest first. */
export async function listIncidents(client: Client, filter: ListFilter = {}): Promise<readonly IncidentRow[]> {
  const clauses = [`WorkflowType = '${workflowTypes.incident}'`];
  if (filter.service !== undefined) clauses.push(`${searchAttributeNames.service} = '${quote(filter.service)}'`);
  if (filter.open !== undefined) clauses.push(`ExecutionStatus ${filter.open ? '=' : '!='} 'Running'`);
  const limit = filter.limit ?? 50;
  const rows: IncidentRow[] = [];
  for await (const info of client.workflow.list({ query: clauses.join(' AND '), pageSize: Math.min(limit, 1_000) })) {
    rows.push(toRow(info));
    if (rows.length >= limit) break;
  }
  return rows;
}

function toRow(info: WorkflowExecutionInfo): IncidentRow {
  const attributes = info.typedSearchAttributes;
  const outcome = attributes.get(outcomeKey);
  return {
    incidentId: info.workflowId,
    runId: info.runId,
    service: attributes.get(serviceKey) ?? info.workflowId.replace(/^incident\//, ''),
    severity: attributes.get(severityKey) ?? '',
    phase: attributes.get(phaseKey) ?? '',
    awaitingApproval: attributes.get(awaitingApprovalKey) ?? false,
    ...(outcome === undefined ? {} : { outcome }),
    isOpen: info.status.name === 'RUNNING',
    openedAt: info.startTime.toISOString(),
    ...(info.closeTime ? { closedAt: info.closeTime.toISOString() } : {}),
  };
}

/** Letters that would end a quoted value of a visibility query cannot be in a service's name. */
function quote(value: string): string {
  return value.replace(/['"\\]/g, '');
}

/** Why a state cannot be read, in words for people. */
export class StateUnavailable extends Error {
  readonly reason: 'not-found' | 'no-worker';
  constructor(reason: 'not-found' | 'no-worker', message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StateUnavailable';
    this.reason = reason;
  }
}

/**
 * The whole case, of an open run or a closed one.
 * @throws StateUnavailable when there is no such incident, or no worker to ask.
 */
export async function getState(
  client: Client,
  incidentId: string,
  runId?: string,
  withinMs = 10_000,
): Promise<IncidentState> {
  try {
    const handle = client.workflow.getHandle(incidentId, runId);
    return await client.connection.withDeadline(Date.now() + withinMs, () => handle.query(stateQuery));
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) {
      const which = runId === undefined ? incidentId : `run ${runId} of ${incidentId}`;
      throw new StateUnavailable('not-found', `There is no ${which}. \`resident list\` shows what there is.`, {
        cause: error,
      });
    }
    if (isNoWorker(error)) {
      throw new StateUnavailable(
        'no-worker',
        `No worker answered for ${incidentId} within ${withinMs / 1_000} s. Nothing is lost; start the workers with \`resident up\` and ask again.`,
        { cause: error },
      );
    }
    throw error;
  }
}

/** DEADLINE_EXCEEDED (4), FAILED_PRECONDITION (9: no poller seen lately), CANCELLED (1). Codes of the gRPC specification. */
function isNoWorker(error: unknown): boolean {
  if (error instanceof QueryNotRegisteredError) return false;
  const cause = error instanceof Error && isGrpcServiceError(error.cause) ? error.cause : error;
  return isGrpcServiceError(cause) && [1, 4, 9].includes(cause.code);
}
