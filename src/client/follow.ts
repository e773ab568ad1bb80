import { setTimeout as delay } from 'node:timers/promises';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { IncidentState, TimelineEntry } from '../domain/incident/incident.ts';
import { getState, StateUnavailable } from './read.ts';

export type FollowEvent =
  | { readonly kind: 'entry'; readonly entry: TimelineEntry; readonly state: IncidentState }
  /** Nobody answers at the moment; told once until somebody does again. */
  | { readonly kind: 'trouble'; readonly text: string }
  | { readonly kind: 'back' }
  | { readonly kind: 'end'; readonly state: IncidentState };

export interface FollowOptions {
  readonly runId?: string;
  readonly pollMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Tells an incident as it happens, from its first line to its end, through restarts of workers and server.
 * It follows one run; a later incident on the same service is another.
 * @throws StateUnavailable when there is no such incident.
 */
export async function* followIncident(
  client: Client,
  incidentId: string,
  options: FollowOptions = {},
): AsyncGenerator<FollowEvent> {
  let { runId } = options;
  let told = 0;
  let misses = 0;
  while (!options.signal?.aborted) {
    const state = await tryState(client, incidentId, runId);
    if (typeof state === 'string') {
      misses += 1;
      if (misses === 2) yield { kind: 'trouble', text: state };
    } else {
      if (misses >= 2) yield { kind: 'back' };
      misses = 0;
      runId = state.runId;
      for (const entry of state.timeline.slice(told)) yield { kind: 'entry', entry, state };
      told = state.timeline.length;
      if (state.outcome !== undefined && (await hasEnded(client, incidentId, runId))) {
        const last = await tryState(client, incidentId, runId);
        const final = typeof last === 'string' ? state : last;
        for (const entry of final.timeline.slice(told)) yield { kind: 'entry', entry, state: final };
        yield { kind: 'end', state: final };
        return;
      }
    }
    const waiting = options.signal ? { signal: options.signal } : {};
    // An abort ends the wait, and the loop's condition ends the rest.
    await delay(options.pollMs ?? 1_000, undefined, waiting).catch(() => undefined);
  }
}

/** The state, or the reason why it cannot be read now. */
async function tryState(client: Client, incidentId: string, runId?: string): Promise<IncidentState | string> {
  try {
    return await getState(client, incidentId, runId, 5_000);
  } catch (error) {
    if (error instanceof StateUnavailable && error.reason === 'not-found') throw error;
    return error instanceof Error ? error.message : String(error);
  }
}

async function hasEnded(client: Client, incidentId: string, runId: string): Promise<boolean> {
  try {
    const { status } = await client.workflow.getHandle(incidentId, runId).describe();
    return status.name !== 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return true;
    return false;
  }
}
