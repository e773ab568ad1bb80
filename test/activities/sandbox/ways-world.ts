import { tryWays, type WaysContext } from '../../../src/activities/sandbox/try-ways.ts';
import type { GroupOrder, GroupReport, RunOrder, RunReport } from '../../../src/adapters/docker/sandbox.ts';
import type { ReproductionWay, SandboxRequest } from '../../../src/domain/reproduction/reproduction.ts';
import type { ReplayPlan } from '../../../src/domain/reproduction/replay.ts';
import { createBodyStore } from '../../fakes/body-store.ts';
import { makeSandboxRequest } from '../../fakes/sandbox-request.ts';

export const plan: ReplayPlan = {
  request: {
    method: 'GET',
    path: '/orders/7',
    status: 500,
    at: '2026-11-21T10:00:00.000Z',
    service: 'order',
    fault: 'server-error',
    evidenceId: 'order/logs/1',
    failures: 3,
  },
  services: ['order', 'app'].map((service, index) => ({
    service,
    image: service === 'app' ? 'python' : 'node',
    setup: [['make', service]],
    command: ['serve'],
    port: 8080 + index,
    readyTimeoutMs: 1_000,
    environment: {},
    memoryMb: 100,
    cpus: 1,
  })),
  standIns: [],
  answerTimeoutMs: 1_000,
};

type Answer = (content: string, nth: number) => GroupReport['outcome'];
export const status = (value: number): GroupReport['outcome'] => ({
  kind: 'answer',
  answer: { kind: 'answered', status: value, durationMs: 5, contentType: '', body: 'what happened' },
});
export const breaksAt =
  (first: number): Answer =>
  (content) =>
    status(Number(content) < first ? 200 : 500);

/** Contents of archives are revision numbers; the command's runs pass unless `command` says otherwise. */
export function makeWorld(answer: Answer, command: (order: RunOrder) => Partial<RunReport> = () => ({})) {
  const groups: GroupOrder[] = [];
  const orders: RunOrder[] = [];
  const cancel = new AbortController();
  const lacks: Pick<GroupReport, 'note' | 'layeredImageIds'> = {};
  const world = { groups, orders, cancel, hasTime: true, logs: 'all is well', images: [] as string[], lacks };
  const context: WaysContext = {
    runTimeoutMs: 9_000,
    signal: cancel.signal,
    hasTime: () => world.hasTime,
    onPhase: () => undefined,
    report: () => undefined,
    finishedBefore: () => [],
    store: createBodyStore(),
    sandbox: {
      ensureImage: async (image) => {
        world.images.push(image);
        return { id: `sha256:${image}`, tag: image, source: 'present', durationMs: 1 };
      },
      packSource: async (service, tar) => ({
        service,
        treeDigest: tar.length < 10 ? tar.toString() : 'script',
        entries: tar,
        unpackedBytes: tar.length,
        files: 1,
      }),
      run: async (order) => {
        orders.push(order);
        const rest = { end: 'passed', exitCode: 0, durationMs: 5, totalBytes: 2, output: Buffer.from('ok') } as const;
        return { ...rest, ...command(order) };
      },
      runGroup: async (order) => {
        groups.push(order);
        const content = order.members.find(({ service }) => service === 'app')?.sources[0]?.treeDigest ?? '';
        const nth = groups.filter(({ members }) => members[1]?.sources[0]?.treeDigest === content).length;
        const members = ['order', 'app'].map((service) => {
          return { service, output: Buffer.from(world.logs), totalBytes: world.logs.length };
        });
        return { outcome: answer(content, nth), members, asked: [], durationMs: 50, ...world.lacks };
      },
    },
  };
  const run = (ways: readonly ReproductionWay[], rest: Partial<SandboxRequest> = {}) =>
    tryWays({ ...makeRequest(ways), ...rest }, context);
  return Object.assign(world, { run });
}

function makeRequest(ways: readonly ReproductionWay[]): SandboxRequest {
  return makeSandboxRequest({
    incidentId: 'incident/order',
    workService: 'order',
    revisions: ['0', '1', '2', '3'].map((digest) => ({ service: 'app', revision: `r${digest}`, digest, bytes: 1 })),
    neighbours: [{ service: 'order', revision: 'o', digest: 'order', bytes: 1 }],
    replay: plan,
    ways,
  });
}
