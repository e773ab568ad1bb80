import { afterEach, expect, it } from 'vitest';
import type { Json } from '../fakes/strict-request.ts';
import { startStrictMessages, type StrictMessages } from '../fakes/strict-messages.ts';
import { createCaseActivities } from './case-activities.ts';
import { describeWithServer } from './incident-harness.ts';
import { createMailbox } from './mailbox.ts';
import { bad } from './malicious-evidence.ts';
import { startLedger } from './malicious-world.ts';

let model: StrictMessages | undefined;
afterEach(async () => {
  await model?.stop();
  model = undefined;
});

/** A model that accuses the same commit whenever it is asked. */
async function startStubbornModel(): Promise<StrictMessages> {
  return startStrictMessages('test', (call, { messages }) => {
    const { inventory, evidence } = readCase(messages as readonly Json[]);
    const service = inventory.services.find((name) => name.endsWith('-db')) ?? '';
    const cited = evidence.filter((one) => one.service === service).map(({ id }) => id);
    const input = {
      ...{ verdict: 'cause', service, change: bad, category: 'code-change', confidence: 0.9 },
      statement: [{ text: 'Sessions end too early since then.', evidence: cited.slice(0, 1) }],
      ...{ against: [], ruledOut: [], missing: [], script: null, fix: null },
    };
    return { content: [{ type: 'tool_use', id: `toolu_${call}`, name: 'report_diagnosis', input }] };
  });
}

interface ToldCase {
  readonly inventory: { readonly services: readonly string[] };
  readonly evidence: readonly { readonly id: string; readonly service: string }[];
  readonly guidance: readonly string[];
  readonly rejected: readonly string[];
}

/** The case as the model is told it, out of the first message. */
function readCase([first]: readonly Json[]): ToldCase {
  const content = first?.['content'];
  const text = typeof content === 'string' ? content : String((content as readonly Json[])[0]?.['text']);
  return JSON.parse(/<incident-data id="\w+">\n(.*)\n<\/incident-data/s.exec(text)?.[1] ?? '') as ToldCase;
}

describeWithServer('an action that a person rejected', (harness) => {
  it('is not proposed again by a model that accuses the same change, and the model is told of it with the reason', async () => {
    model = await startStubbornModel();
    const mailbox = createMailbox<void>();
    const ledger = startLedger();
    const incident = await harness().open({
      overrides: createCaseActivities({ url: model.url, ledger, tellPeople: () => mailbox.post() }),
      timings: { approvalTimeoutMs: 60_000 },
      budgets: { maxRounds: 3 },
    });
    const reasons = ['A migration ran.', 'No restart before noon.'];
    const proposed: string[] = [];
    for (const reason of reasons) {
      await mailbox.take();
      const { plan } = await incident.state();
      proposed.push(...(plan?.actions ?? []).map(({ type, target }) => `${type} ${target}`));
      await incident.handle.signal('reject', { planDigest: plan?.digest, by: 'ana', reason });
    }
    const { outcome, outcomeReason, diagnosis } = await incident.result();
    const database = `${incident.service}-db`;
    expect(proposed).toEqual([`deploy.rollback ${database}`, `service.restart ${database}`]);
    expect(outcome).toBe('rejected');
    expect(outcomeReason).toContain('What a person rejected is not proposed again');
    // What was refused is what to do, not what is true.
    expect(diagnosis).toMatchObject({ engine: 'claude/fake-1', service: database, change: bad });
    const told = model.taken.map(({ messages }) => readCase(messages as readonly Json[]));
    expect(told.map(({ rejected }) => rejected)).toEqual([[], proposed.slice(0, 1), proposed]);
    expect(told.map(({ guidance }) => guidance)).toEqual([[], reasons.slice(0, 1), reasons]);
    expect(ledger.scheduled).toEqual([]);
  });
});
