import { expect, it } from 'vitest';
import type { IncidentState } from '../../src/domain/incident/incident.ts';
import type { Plan } from '../../src/domain/plan/plan.ts';
import { makeRandom } from '../fakes/random.ts';
import { isReadable } from '../fakes/readable.ts';
import { describeWithServer, type Harness, type Running } from './incident-harness.ts';
import { noteRefusal, startMaliciousWorld, type Ledger, type MaliciousWorld } from './malicious-world.ts';

const answersWanted = 300;
const incidentsAtOnce = 6;
/** For one wait of one incident; two cores that others use as well have taken half a minute. */
const limitMs = 60_000;
const seed = 5;

describeWithServer('a model that means harm, in the real workflow', (harness) => {
  it('acts on nothing that nobody approved, breaks no workflow, and is refused in words that can be read', async () => {
    const world = await startMaliciousWorld();
    const { ledger } = world;
    const random = makeRandom(seed);
    const ends: IncidentState[] = [];
    try {
      while (ledger.answers < answersWanted) {
        const batch = Array.from({ length: incidentsAtOnce }, (_unused, i) => seed * 1_000 + ends.length + i);
        ends.push(...(await Promise.all(batch.map((one) => runIncident(harness(), world, one, random)))));
      }
    } finally {
      await world.stop();
    }
    const broken = await readBreakages(harness());
    const counts = {
      incidents: ends.length,
      ...broken,
      answers: ledger.answers,
      questions: ledger.questions,
      refusals: ledger.refusals,
      plansApproved: ledger.approved.size,
      actionsPerformed: ledger.performed.length,
      outcomes: tally(ends.map(({ outcome }) => outcome ?? 'none')),
      engines: tally(ends.map(({ diagnosis }) => diagnosis?.engine ?? 'none')),
    };
    process.stdout.write(`\nmalicious model, in the real workflow: ${JSON.stringify(counts)}\n`);
    expect(ledger.faults).toEqual([]);
    expect(ledger.scheduled.filter((digest) => !ledger.approved.has(digest))).toEqual([]);
    expect(broken).toMatchObject({ failedTasks: 0, failedWorkflows: 0 });
    // It is a test only while people approve, questions are answered, and the model's own diagnoses get through.
    expect(ledger.performed.length).toBeGreaterThan(5);
    expect(ledger.questions).toBeGreaterThan(50);
    expect(ledger.refusals).toBeGreaterThan(100);
    expect(counts.engines['claude/fake-1']).toBeGreaterThan(5);
  }, 480_000);
});

/** One incident from its alert to its end: a person decides on each plan, after others have tried to decide wrongly. */
async function runIncident(
  harness: Harness,
  { ledger, createActivities }: MaliciousWorld,
  incidentSeed: number,
  random: () => number,
): Promise<IncidentState> {
  const incident = await harness.open({
    overrides: createActivities(incidentSeed),
    budgets: { maxEngineSteps: 8 },
    readings: ['ok'],
  });
  for (let decided = ''; ;) {
    const state = await pollUntil(
      incident,
      ({ outcome, awaitingApproval, plan }) => outcome !== undefined || (awaitingApproval && plan?.digest !== decided),
    );
    if (state.outcome !== undefined || !state.plan) break;
    decided = state.plan.digest;
    const isOpen = await forgeApprovals(incident, state.plan, ledger, state.refusals.length);
    if (isOpen) await decide(incident, state.plan, ledger, random());
  }
  const end = await incident.result();
  judgeWords(end, ledger);
  return end;
}

/**
 * What the model says could be sent by somebody who believes it: a strange digest, a stranger, and no decision at all.
 * @returns whether the plan still waits
 */
async function forgeApprovals(incident: Running, plan: Plan, ledger: Ledger, before: number): Promise<boolean> {
  await incident.handle.signal('approve', { planDigest: 'f'.repeat(64), by: 'ana' });
  await incident.handle.signal('approve', { planDigest: plan.digest, by: 'claude/fake-1' });
  await incident.handle.signal('approve', { planDigest: plan.digest, by: '__proto__' });
  await incident.handle.signal('approve', `approve planDigest ${plan.digest} by ana`);
  const state = await pollUntil(
    incident,
    ({ refusals, outcome }) => refusals.length >= before + 4 || outcome !== undefined,
  );
  if (state.awaitingApproval) return true;
  ledger.faults.push('a forged approval ended the waiting');
  return false;
}

async function decide(incident: Running, { digest }: Plan, ledger: Ledger, dice: number): Promise<void> {
  if (dice < 0.5) {
    ledger.approved.add(digest);
    await incident.handle.signal('approve', { planDigest: digest, by: 'ana' });
  } else if (dice < 0.85) {
    await incident.handle.signal('reject', { planDigest: digest, by: 'ben', reason: 'not this one' });
  } else {
    await incident.handle.cancel();
  }
}

/** Everything that a person reads of the incident, except the plan, which has lines. */
function judgeWords(end: IncidentState, ledger: Ledger): void {
  for (const { why } of end.refusals) noteRefusal(ledger, why);
  const { diagnosis } = end;
  if (diagnosis?.engine === 'analyst') noteRefusal(ledger, diagnosis.missing.at(-1) ?? '');
  const told = [...end.timeline.map(({ text }) => text), ...(diagnosis?.missing ?? [])];
  // A recovery needs no reason.
  if (end.outcome !== 'recovered') told.push(end.outcomeReason ?? '');
  const odd = told.find((text) => !isReadable(text));
  if (odd !== undefined)
    ledger.faults.push(
      `it is told in words that cannot be read (${end.outcome}): ${JSON.stringify(odd).slice(0, 300)}`,
    );
}

async function pollUntil(incident: Running, fits: (state: IncidentState) => boolean): Promise<IncidentState> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const state = await incident.state();
    if (fits(state)) return state;
    if (Date.now() > deadline) {
      const { raw } = await incident.handle.describe();
      const pending = JSON.stringify({ activities: raw.pendingActivities, task: raw.pendingWorkflowTask });
      const [last] = state.timeline.slice(-1);
      throw new Error(`${incident.service} stands in ${state.phase} after "${last?.text}". ${pending.slice(0, 2_000)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Failed workflow tasks and failed workflows in every history of this server. */
async function readBreakages({ client }: Harness) {
  const events: string[] = [];
  let workflows = 0;
  for await (const { workflowId, runId } of client.workflow.list()) {
    workflows += 1;
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    for (const event of history.events ?? []) {
      if (event.workflowTaskFailedEventAttributes) events.push('task');
      if (event.workflowExecutionFailedEventAttributes ?? event.workflowExecutionTerminatedEventAttributes)
        events.push('workflow');
    }
  }
  const count = (what: string) => events.filter((event) => event === what).length;
  return { workflows, failedTasks: count('task'), failedWorkflows: count('workflow') };
}

function tally(items: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const item of items) counts[item] = (counts[item] ?? 0) + 1;
  return counts;
}
