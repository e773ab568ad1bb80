import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { fetchHistories } from '../src/client/history.ts';
import { cacheFolder } from '../src/config.ts';
import { taskQueues, workflowTypes } from '../src/domain/names.ts';
import { buildWorkflowBundle } from '../src/workers/workflow-bundle.ts';
import type { Reproduction, SandboxRequest } from '../src/domain/reproduction/reproduction.ts';
import type { FakeOptions } from './fakes/activities.ts';
import { findTemporal } from './find-program.ts';
import { startHarness, type Running } from './workflows/incident-harness.ts';

// Records histories of every workflow on a real server, with fake activities: npx tsx test/record-histories.ts VERSION
// They are replayed by test/workflows/replay.test.ts. Record a new set with each release, and delete none while a run of
// that release can still be open.

interface Scene {
  readonly name: string;
  readonly options: FakeOptions;
  readonly play: (incident: Running) => Promise<unknown>;
}

const [good = '', bad = ''] = ['a', 'b'].map((digit) => digit.repeat(40));
const reproduced: Reproduction = {
  verdict: 'reproduced',
  suspectService: 'any',
  suspect: bad,
  before: good,
  firstBad: bad,
  runs: [],
  imageDigest: 'sha256:image',
  reason: '',
};
const withGap: Reproduction = { ...reproduced, gap: { good: [good], bad, count: 40 } };
const withFrame: Reproduction = {
  ...reproduced,
  frame: { service: 'any', revision: bad, file: 'src/total.js', line: 12 },
};

const digestOf = async (incident: Running): Promise<string> =>
  (await incident.until((state) => state.awaitingApproval)).plan?.digest ?? '';

const scenes: readonly Scene[] = [
  {
    name: 'approved-by-signal',
    options: {},
    play: async (incident) => incident.handle.signal('approve', { planDigest: await digestOf(incident), by: 'ana' }),
  },
  {
    name: 'approved-by-update',
    options: { approvalsNeeded: 2 },
    play: async (incident) => {
      const planDigest = await digestOf(incident);
      for (const by of ['ana', 'ben']) {
        await incident.handle.executeUpdate('decide', { args: [{ planDigest, decision: 'approve', by }] });
      }
    },
  },
  {
    name: 'rejected',
    options: {},
    play: async (incident) =>
      incident.handle.signal('reject', { planDigest: await digestOf(incident), by: 'ana', reason: 'no' }),
  },
  {
    name: 'expired',
    options: { timings: { approvalTimeoutMs: 4_000, reminderMs: 1_000, escalationMs: 2_500 } },
    play: async () => {},
  },
  {
    name: 'rolled-back',
    options: { decision: 'auto', mode: 'semi-auto', actions: 2, readings: ['breached'] },
    play: async () => {},
  },
  {
    name: 'cancelled-in-watch',
    options: { decision: 'auto', mode: 'semi-auto', timings: { watchMs: 60_000, watchReadings: 1 } },
    play: async (incident) => {
      await incident.until((state) => state.phase === 'watch');
      await incident.handle.cancel();
    },
  },
  {
    name: 'reproduced-in-rounds',
    options: {
      mode: 'observe',
      decision: 'forbid',
      overrides: {
        packSources: async ({ gap }) => ({ gaps: gap ? [] : [0, 40] }) as unknown as SandboxRequest,
        runReproduction: async ({ gaps = [] }) => (gaps.length > 0 ? withGap : withFrame),
      },
    },
    play: async () => {},
  },
  {
    name: 'inconclusive',
    options: { withoutPlan: 'nothing fits', diagnosis: { verdict: 'inconclusive' } },
    play: async () => {},
  },
];

const [version] = process.argv.slice(2);
if (!version || !/^[\w.-]+$/.test(version))
  throw new Error('Say for which version: npx tsx test/record-histories.ts 0.1.0');
const program = await findTemporal();
if (!program) throw new Error('No Temporal program was found; run `npm test` once, which installs one.');
const { harness, stop } = await startHarness(program, await buildWorkflowBundle(cacheFolder()));
const folder = path.join(import.meta.dirname, 'histories', version);
await mkdir(folder, { recursive: true });
for (const scene of scenes) {
  const incident = await harness.open(scene.options);
  await scene.play(incident);
  await incident.result();
  for (const [index, { workflowId, history }] of (
    await fetchHistories(harness.client, incident.handle.workflowId)
  ).entries()) {
    const kind = index === 0 ? 'incident' : workflowId.startsWith('remediation/') ? 'remediation' : `resident-${index}`;
    await writeFile(path.join(folder, `${scene.name}.${kind}.json`), historyToJSON(history));
  }
  process.stdout.write(`${scene.name}\n`);
}
await recordReaping();
await stop();

/** Its id names the service of an incident, because the fakes are found by it. */
async function recordReaping(): Promise<void> {
  const { service, result } = await harness.open({ withoutPlan: 'nothing fits' });
  const handle = await harness.client.workflow.start(workflowTypes.reapSandboxes, {
    workflowId: `reap/${service}`,
    taskQueue: taskQueues.resident,
  });
  await Promise.all([handle.result(), result()]);
  await writeFile(path.join(folder, 'scheduled.reapSandboxes.json'), historyToJSON(await handle.fetchHistory()));
  process.stdout.write('scheduled\n');
}
