import type { Context, Hono } from 'hono';
import { z } from 'zod';
import { toIncidentId } from '../client/incident-client.ts';
import { toIncidentJson } from '../client/incident-json.ts';
import { StateUnavailable } from '../client/read.ts';
import type { GatewayParts } from './app.ts';
import { createPersonCheck } from './credentials.ts';
import type { GatewayMetrics } from './metrics.ts';
import { readJson } from './read-json.ts';
import { unauthorized } from './webhooks.ts';

const decisionSchema = z
  .strictObject({
    planDigest: z.string().min(1).max(200),
    decision: z.enum(['approve', 'reject']),
    reason: z.string().min(1).max(4_000).optional(),
  })
  .refine((body) => body.decision === 'approve' || body.reason !== undefined, {
    error: 'A rejection needs a reason: it goes back into the investigation.',
    path: ['reason'],
  });

const maxDecisionBytes = 16_384;
const prefix = '/incidents/';
const decisionSuffix = '/decision';

/** Reading incidents and deciding, for people who show their own token. */
export function addIncidentRoutes(app: Hono, parts: GatewayParts, metrics: GatewayMetrics): void {
  const findPerson = createPersonCheck(parts.settings.people, parts.resolveSecret);
  const asPerson =
    (handle: (context: Context, person: string) => Promise<Response>) =>
    async (context: Context): Promise<Response> => {
      const person = findPerson(context.req.header('authorization'));
      if (person !== undefined) return handle(context, person);
      context.header('WWW-Authenticate', 'Bearer realm="resident"');
      return context.json({ error: unauthorized }, 401);
    };
  app.get(
    '/incidents',
    asPerson((context) => list(context, parts)),
  );
  // Ids hold a slash, so the path is taken apart here and not by the router.
  app.get(
    `${prefix}*`,
    asPerson((context) => show(context, parts)),
  );
  app.post(
    `${prefix}*`,
    asPerson((context, person) => decide(context, person, parts, metrics)),
  );
}

async function list(context: Context, { incidents }: GatewayParts): Promise<Response> {
  const { service, open, limit } = context.req.query();
  const rows = await incidents.list({
    ...(service === undefined ? {} : { service }),
    ...(open === undefined ? {} : { open: open !== 'false' }),
    limit: Math.min(Math.max(Number(limit) || 50, 1), 500),
  });
  return context.json({ incidents: rows });
}

async function show(context: Context, { incidents }: GatewayParts): Promise<Response> {
  const incidentId = readIncidentId(context, '');
  if (incidentId === undefined) return context.json({ error: 'This path names no incident.' }, 404);
  try {
    const state = await incidents.getState(incidentId, context.req.query('runId'));
    return context.json(toIncidentJson(state, await incidents.describeHistory(incidentId, state.runId)));
  } catch (error) {
    if (!(error instanceof StateUnavailable)) throw error;
    return context.json({ error: error.message }, error.reason === 'not-found' ? 404 : 503);
  }
}

async function decide(
  context: Context,
  by: string,
  { incidents, logger }: GatewayParts,
  metrics: GatewayMetrics,
): Promise<Response> {
  const incidentId = readIncidentId(context, decisionSuffix);
  if (incidentId === undefined) return context.json({ error: 'Decide at POST /incidents/<id>/decision.' }, 404);
  const read = await readJson(context.req.raw, maxDecisionBytes);
  if (!read.ok) return context.json({ error: read.refusal.reason }, read.refusal.status);
  const body = decisionSchema.safeParse(read.value);
  if (!body.success) {
    const faults = body.error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`);
    return context.json({ error: `${faults.join('; ')} Send {planDigest, decision: approve|reject, reason?}.` }, 400);
  }
  const { planDigest, decision, reason } = body.data;
  const answer = await incidents.decide(incidentId, { planDigest, decision, by, ...(reason ? { reason } : {}) });
  metrics.countDecision(answer.status);
  logger.info({ incidentId, by, decision, status: answer.status }, 'decision');
  switch (answer.status) {
    case 'accepted':
      return context.json({ incidentId, by, ...answer }, 200);
    case 'sent':
      return context.json({ incidentId, by, ...answer }, 202);
    case 'refused':
      return context.json({ incidentId, by, ...answer }, isAboutPerson(answer.reason) ? 403 : 409);
    case 'not-found':
      return context.json({ incidentId, by, ...answer }, 404);
  }
}

/** `refuseDecision` of the domain says so when the person is the trouble, and not the plan. A test holds the two together. */
function isAboutPerson(reason: string): boolean {
  return reason.includes('may not decide');
}

/** The incident that a path names, with its slash as it is or as %2F, or by the service alone. */
function readIncidentId(context: Context, suffix: string): string | undefined {
  const { pathname } = new URL(context.req.url);
  if (!pathname.endsWith(suffix)) return undefined;
  const text = pathname.slice(prefix.length, pathname.length - suffix.length);
  try {
    const id = decodeURIComponent(text);
    return id === '' ? undefined : toIncidentId(id);
  } catch {
    return undefined;
  }
}
