import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { createPolicy, type Policy, type PolicyRequest } from '../../src/adapters/cedar.ts';
import { countApprovalsNeeded, decideByMode } from '../../src/domain/plan/mode.ts';
import type { Mode, PolicyDecision, Risk } from '../../src/domain/plan/plan.ts';

const defaults = fileURLToPath(new URL('../../policy', import.meta.url));
const modes: readonly Mode[] = ['observe', 'assist', 'semi-auto', 'collaborative'];
const risks: readonly Risk[] = ['read', 'low', 'medium', 'high'];

const request: PolicyRequest = {
  actionId: 'run/1.1',
  type: 'deploy.rollback',
  service: 'user-service',
  owner: 'team',
  mode: 'semi-auto',
  risk: 1,
  tainted: false,
  reproduced: true,
  stage: 'propose',
  insideGuardrails: true,
  afterRejection: false,
  approvers: 2,
  approvalsNeeded: 1,
  approvals: 0,
};

/** One row for each prohibition: without it, Cedar would answer otherwise. */
const cases: readonly [string, Partial<PolicyRequest>, PolicyDecision][] = [
  ['observe only proposes', { mode: 'observe', risk: 1 }, 'forbid'],
  ['assist asks even for a low risk', { mode: 'assist', risk: 1 }, 'ask'],
  ['a tainted parameter is never used alone', { tainted: true }, 'ask'],
  ['after a rejection nothing is done alone', { afterRejection: true }, 'ask'],
  ['what nobody may approve is only proposed', { risk: 2, approvers: 0 }, 'forbid'],
  ['two must approve where one may', { risk: 3, mode: 'collaborative', approvers: 1, approvalsNeeded: 2 }, 'forbid'],
  ['one person is not enough for a high risk', { risk: 3, mode: 'collaborative', approvalsNeeded: 1 }, 'forbid'],
  ['nothing starts before the quorum', { risk: 2, stage: 'perform', approvals: 0 }, 'forbid'],
  ['a quorum lets it start', { risk: 2, stage: 'perform', approvals: 1 }, 'ask'],
  ['medium outside the guardrails asks', { risk: 2, mode: 'collaborative', insideGuardrails: false }, 'ask'],
];

const decideAll = (policy: Policy) => cases.map(([, facts]) => policy.decide({ ...request, ...facts }).decision);

function writePolicies(change: (text: string) => string): string {
  const folder = mkdtempSync(join(tmpdir(), 'resident-policy-'));
  for (const name of readdirSync(defaults)) {
    const text = readFileSync(join(defaults, name), 'utf8');
    writeFileSync(join(folder, name), name.endsWith('.cedar') ? change(text) : text);
  }
  return folder;
}

const policies = readFileSync(join(defaults, 'default.cedar'), 'utf8')
  .split(/(?=^@id)/m)
  .slice(1);

describe('the default policies', () => {
  test.each(cases)('%s', async (_title, facts, decision) => {
    const answer = (await createPolicy()).decide({ ...request, ...facts });
    expect(answer.decision).toBe(decision);
    expect(answer.reason).not.toBe('');
  });

  test('are the table of modes and risks', async () => {
    const policy = await createPolicy();
    for (const mode of modes) {
      for (const [rank, risk] of risks.entries()) {
        for (const insideGuardrails of [true, false]) {
          const approvalsNeeded = countApprovalsNeeded(mode, risk);
          const { decision } = policy.decide({ ...request, mode, risk: rank, insideGuardrails, approvalsNeeded });
          expect(`${mode} ${risk} ${decision}`).toBe(`${mode} ${risk} ${decideByMode(mode, risk, insideGuardrails)}`);
        }
      }
    }
  });

  test.each(policies.map((text) => [/"([^"]+)"/.exec(text)?.[1] ?? '', text]))(
    'without %s a case or the table is decided otherwise',
    async (_id, text) => {
      const mutated = await createPolicy([writePolicies((whole) => whole.replace(text, ''))]);
      const table = (policy: Policy) =>
        modes.flatMap((mode) =>
          risks.map((risk, rank) => {
            const approvalsNeeded = countApprovalsNeeded(mode, risk);
            return policy.decide({ ...request, mode, risk: rank, approvalsNeeded }).decision;
          }),
        );
      const original = await createPolicy();
      expect([...decideAll(mutated), ...table(mutated)]).not.toEqual([...decideAll(original), ...table(original)]);
    },
  );

  test('allow nothing for an unknown action, mode or stage', async () => {
    const policy = await createPolicy();
    for (const odd of [{ type: 'database.drop' }, { mode: 'yolo' }, { stage: 'later' }, { risk: 0.5 }]) {
      const answer = policy.decide({ ...request, ...odd } as PolicyRequest);
      expect(answer).toMatchObject({ decision: 'forbid', policies: [] });
      expect(answer.reason).toContain('evaluation failed');
    }
  });
});

describe('loading', () => {
  const refused = async (change: (text: string) => string) =>
    createPolicy([writePolicies(change)]).then(
      () => 'loaded',
      (error: Error) => error.message,
    );

  test('names the misspelt attribute and what was meant', async () => {
    expect(await refused((text) => text.replace('resource.tainted', 'resource.taintd'))).toMatch(/taintd.*tainted/);
  });

  test('names file and line of a syntax error', async () => {
    expect(await refused((text) => text.replace('when { resource.tainted }', 'when resource.tainted }'))).toMatch(
      /default\.cedar: line \d\d:/,
    );
  });

  test('refuses an unknown mode, a policy without an id, a doubled id and an empty set', async () => {
    expect(await refused((text) => text.replace('Mode::"assist"', 'Mode::"asist"'))).toContain('asist');
    expect(await refused((text) => text.replace('@id("low-risk-alone")', ''))).toContain('has no @id');
    expect(await refused((text) => `${text}\n${policies[0]}`)).toContain('a second policy');
    expect(await refused(() => '')).toContain('no policy');
    await expect(createPolicy(['/no/such/folder'])).rejects.toThrow('cannot be read');
  });

  test('gives another digest to another policy, and the same to the same', async () => {
    const one = await createPolicy();
    expect((await createPolicy([writePolicies((text) => text)])).digest).toBe(one.digest);
    expect((await createPolicy([writePolicies((text) => text.replace('<= 1', '<= 0'))])).digest).not.toBe(one.digest);
  });

  test('an evaluation error of one policy denies everything', async () => {
    const overflow =
      '@id("broken") forbid (principal, action, resource) when { resource.risk * 9223372036854775807 > 5 };';
    const policy = await createPolicy([writePolicies((text) => `${text}\n${overflow}`)]);
    expect(policy.decide({ ...request, risk: 1 }).decision).toBe('forbid');
    const erring = policy.decide({ ...request, mode: 'assist', risk: 2 });
    expect(erring).toMatchObject({ decision: 'forbid' });
    expect(erring.reason).toContain('evaluation failed');
  });
});
