import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Alert } from '../domain/incident/alert.ts';
import type { IncidentState } from '../domain/incident/incident.ts';
import type { Decision } from '../domain/plan/plan.ts';

/** The public face of a running incident. Names and shapes are relied on from outside: adding is free, renaming is not. */

/** Alerts on the service of this incident; one, or all of one notification. */
export const alertSignal = defineSignal<[Alert | readonly Alert[]]>('alert');

export const approveSignal = defineSignal<[{ planDigest: string; by: string; comment?: string }]>('approve');
export const rejectSignal = defineSignal<[{ planDigest: string; by: string; reason: string }]>('reject');

/** A person's hint; it is read at the start of the next round of investigation. */
export const steerSignal = defineSignal<[{ by: string; text: string }]>('steer');

/** The front door for decisions: a refusal comes back to the caller, and stands in the timeline. */
export const decideUpdate = defineUpdate<'accepted', [Decision]>('decide');

export const stateQuery = defineQuery<IncidentState>('state');

/** From the remediation to its incident: the actions are done and the watch begins. */
export const watchStartedSignal = defineSignal<[{ actions: number }]>('watchStarted');
