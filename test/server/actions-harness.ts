import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createActionJournal } from '../../src/adapters/action-journal.ts';
import { digestValue, sealPlan, verifyPlanDigest } from '../../src/adapters/canonical-json.ts';
import { createPolicy } from '../../src/adapters/cedar.ts';
import { createCommandRunner } from '../../src/adapters/commands/runner.ts';
import { createConfigRepository } from '../../src/adapters/config-repository.ts';
import type { PerformInput } from '../../src/activities/contract.ts';
import type { JudgePorts } from '../../src/activities/remediate/judge-action.ts';
import { describeAction } from '../../src/domain/plan/catalogue.ts';
import type { Action, ActionType, Approval, Plan } from '../../src/domain/plan/plan.ts';
import { gradeRisk } from '../../src/domain/plan/risk.ts';
import type { ActionSettings, ServiceSettings } from '../../src/domain/settings.ts';

export const oldRevision = 'a'.repeat(40);
export const badRevision = 'b'.repeat(40);

/** All that a process needs to perform one action; JSON, so that it can be handed to another one. */
export interface World {
  readonly folder: string;
  readonly actions: Partial<Record<ActionType, ActionSettings>>;
  readonly timeoutMs: number;
}

/** The command appends its action id to a ledger, waits for a gate where there is one, and then makes the revision current. */
const deployScript = `#!/bin/sh
cd "$(dirname "$0")"
echo "$RESIDENT_ACTION_ID $1" >> ledger
env > environment
while [ -e gate ]; do sleep 0.05; done
if [ -e broken ]; then echo "disk full" >&2; exit 3; fi
echo "$1" > current
echo "deployed $1"
`;

const folders: string[] = [];
/** For `afterAll`. */
export const removeWorlds = () => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true }));

export function makeWorld(actions?: World['actions'], timeoutMs = 20_000): World {
  const folder = mkdtempSync(join(tmpdir(), 'resident-actions-'));
  folders.push(folder);
  writeFileSync(join(folder, 'deploy.sh'), deployScript);
  chmodSync(join(folder, 'deploy.sh'), 0o755);
  writeFileSync(join(folder, 'current'), `${badRevision}\n`);
  const rollback = { command: ['./deploy.sh', '{revision}'], current: ['cat', 'current'] };
  return { folder, timeoutMs, actions: actions ?? { 'deploy.rollback': rollback } };
}

export const closeGate = (world: World) => writeFileSync(join(world.folder, 'gate'), '');
export const readLedger = (world: World) => readLines(join(world.folder, 'ledger'));
export const readLines = (file: string) =>
  existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];

export async function makePorts(
  world: World,
  extra: Partial<JudgePorts> & { pollMs?: number } = {},
): Promise<JudgePorts> {
  const { pollMs = 20, ...ports } = extra;
  const journal = createActionJournal(join(world.folder, 'journal'));
  const environment = { PATH: process.env['PATH'] ?? '', HOME: world.folder };
  const service = {
    name: 'user-service',
    owner: 'team',
    mode: 'assist',
    approvers: ['ana', 'ben'],
    actions: world.actions,
  };
  return {
    settings: () => ({
      file: join(world.folder, 'resident.yaml'),
      services: { 'user-service': service as unknown as ServiceSettings },
      timings: { actionTimeoutMs: world.timeoutMs } as never,
    }),
    journal,
    commands: createCommandRunner({ journal, environment, pollMs }),
    repository: createConfigRepository(environment),
    policy: await createPolicy(),
    verifyPlanDigest,
    digestValue,
    checkTimeoutMs: 2_000,
    checkEveryMs: 20,
    undoPauseMs: 1,
    ...ports,
  };
}

export function makeAction(
  world: World,
  type: ActionType = 'deploy.rollback',
  parameters?: Record<string, string>,
): Action {
  const chosen = parameters ?? (type === 'deploy.rollback' ? { revision: oldRevision, from: badRevision } : {});
  return {
    id: 'run-1/1.1',
    type,
    target: 'user-service',
    parameters: chosen,
    risk: gradeRisk(type, { reproduced: true, tainted: [] }),
    ...describeAction(type, 'user-service', chosen, world.actions[type] ?? {}),
    tainted: [],
  };
}

export function makePlan(action: Action, changes: Partial<Plan> = {}): Plan {
  return sealPlan({
    incidentId: 'incident/order-service',
    runId: 'run-1',
    round: 1,
    target: action.target,
    actions: [action],
    mode: 'assist',
    decisions: [{ actionId: action.id, decision: 'ask', policies: ['assist-always-asks'], reason: 'mode assist asks' }],
    decision: 'ask',
    policyDigest: '0'.repeat(64),
    approvers: ['ana', 'ben'],
    approvalsNeeded: 1,
    reproduced: true,
    expiresAt: '2999-01-01T00:00:00.000Z',
    ...changes,
  });
}

export function approve(plan: Plan, by = 'ana', changes: Partial<Approval> = {}): Approval {
  return {
    planDigest: plan.digest,
    decision: 'approve',
    by,
    via: 'signal',
    at: '2026-01-01T00:00:00.000Z',
    ...changes,
  };
}

export function makeInput(world: World, action = makeAction(world)): PerformInput {
  const plan = makePlan(action);
  const values: Record<string, string> = action.type === 'deploy.rollback' ? { revision: badRevision } : {};
  return {
    plan,
    action,
    approvals: [approve(plan)],
    state: { actionId: action.id, at: '2026-01-01T00:00:00.000Z', values },
  };
}

export interface Performer {
  readonly child: ChildProcess;
  /** What performAction returned, or `{ error }`; rejects when the process died first. */
  readonly result: Promise<{ result?: string; detail?: string; error?: string }>;
}

/** performAction in a process of its own, which a test may kill. */
export function performElsewhere(world: World, input: PerformInput, pollMs = 20): Performer {
  const program = fileURLToPath(new URL('./perform-process.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', program, JSON.stringify({ world, input, pollMs })], {
    // A process group of its own, so that a test can kill all of it, as a supervisor or a terminal does.
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const result = new Promise<{ result?: string; detail?: string; error?: string }>((resolve, reject) => {
    child.once('close', (code, signal) => {
      if (code === 0) resolve(JSON.parse(output) as { result?: string });
      else reject(new Error(`The process ended with ${code ?? signal}.`));
    });
  });
  result.catch(() => undefined);
  return { child, result };
}

/** SIGKILL to the process and to everything that it left in its group. */
export function killGroup({ child }: Performer): void {
  if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
