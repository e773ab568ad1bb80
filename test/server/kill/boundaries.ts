import { setTimeout as wait } from 'node:timers/promises';
import { temporal } from '@temporalio/proto';
import type { Call, GrpcProxy, Taps } from './grpc-proxy.ts';
import type { Victim } from './stage.ts';

/**
 * The three moments of an activity at which a worker can die:
 * `at work`: the server has noted that a worker took it, and nothing came back;
 * `not recorded`: the work is done, its result is on the way and never arrives;
 * `recorded`: the result is in history, and the worker does not know.
 */
export const moments = ['at work', 'not recorded', 'recorded'] as const;
export type Moment = (typeof moments)[number];

export interface Boundary {
  readonly workflow: string;
  readonly activity: string;
}

export interface Kill extends Boundary {
  readonly moment: Moment;
  readonly atMs: number;
}

export interface BoundaryKiller {
  readonly taps: Taps;
  readonly kills: readonly Kill[];
  /** The process to kill, and the proxy that it talks through. */
  aim(victim: Victim, proxy: GrpcProxy): void;
  /** One more kill of the same victim, at a moment that the caller saw. False when a kill was under way already. */
  strike(): Promise<boolean>;
}

/** Tasks that are handed out one after the other die of one kill: so long none more must have come. */
const quietMs = 100;
/** So long the others that run side by side are waited for, to arrive at the same moment. */
const gatherAtMostMs = 2_000;
/** So that the work has begun when the process dies. */
const workMs = 40;

/**
 * Kills a worker once at each moment of each activity type of each workflow type. It reads what passes between worker and
 * server, because at a poll's pace a quick activity would come and go unseen.
 * @param isAimedAt which activities count; all when left out
 */
export function createBoundaryKiller(isAimedAt: (boundary: Boundary) => boolean = () => true): BoundaryKiller {
  const kills: Kill[] = [];
  const taken = new Map<string, Boundary>();
  let aim: { readonly victim: Victim; readonly proxy: GrpcProxy } | undefined;
  let gathering: Gathering | undefined;
  let isStriking = false;

  const isFresh = (moment: Moment, boundary: Boundary) =>
    isAimedAt(boundary) && !kills.some((kill) => kill.moment === moment && nameOf(kill) === nameOf(boundary));

  function meet(moment: Moment, boundaries: readonly Boundary[]): Promise<unknown> | undefined {
    const fresh = boundaries.filter((boundary) => isFresh(moment, boundary));
    if (!aim || fresh.length === 0) return undefined;
    const isAnotherUnderWay = isStriking || (gathering !== undefined && gathering.moment !== moment);
    if (isAnotherUnderWay && moment === 'recorded') {
      // The result is in history and the worker, which dies now, never learns of it. There is no later turn: it is this moment.
      kills.push(...fresh.map((boundary) => ({ ...boundary, moment, atMs: Date.now() })));
      return forever;
    }
    if (isStriking) return undefined;
    // Its own turn comes after this kill.
    if (isAnotherUnderWay) return forever;
    gathering ??= { moment, batch: new Map(), lastMs: 0, over: wait(0).then(gather) };
    gathering.lastMs = Date.now();
    for (const boundary of fresh) gathering.batch.set(nameOf(boundary), boundary);
    // Work that was taken has to reach the worker; a result or its acknowledgement must not get through.
    return moment === 'at work' ? gathering.over : forever;
  }

  async function gather(): Promise<void> {
    if (!gathering) return;
    const { moment, batch } = gathering;
    const beganMs = Date.now();
    const areAllHere = () =>
      moment === 'at work'
        ? Date.now() - (gathering?.lastMs ?? 0) >= quietMs
        : [...taken.values()].every((boundary) => batch.has(nameOf(boundary)) || !isFresh(moment, boundary));
    while (!areAllHere() && Date.now() - beganMs < gatherAtMostMs) await wait(10);
    void strike(moment === 'at work' ? workMs : 0);
    gathering = undefined;
    kills.push(...[...batch.values()].map((boundary) => ({ ...boundary, moment, atMs: Date.now() })));
  }

  async function strike(afterMs = 0): Promise<boolean> {
    if (!aim || isStriking) return false;
    isStriking = true;
    // The tasks that were held are handed on first.
    await wait(0);
    aim.proxy.freeze();
    await wait(afterMs);
    await aim.victim.kill();
    taken.clear();
    isStriking = false;
    return true;
  }

  return {
    kills,
    aim: (victim, proxy) => (aim = { victim, proxy }),
    strike: () => strike(),
    taps: {
      onRequest: (call) => {
        const boundary = taken.get(tokenOf(call));
        return boundary && meet('not recorded', [boundary]);
      },
      onResponse: (call) => {
        const tasks = readTasks(call);
        for (const { token, ...boundary } of tasks) taken.set(token, boundary);
        if (tasks.length > 0) return meet('at work', tasks);
        const token = call.isOk ? tokenOf(call) : '';
        const boundary = taken.get(token);
        const held = boundary && meet('recorded', [boundary]);
        if (!held) taken.delete(token);
        return held;
      },
    },
  };
}

interface Gathering {
  readonly moment: Moment;
  readonly batch: Map<string, Boundary>;
  lastMs: number;
  readonly over: Promise<void>;
}

const forever = new Promise<never>(() => undefined);

export function nameOf({ workflow, activity }: Boundary): string {
  return `${workflow} ${activity}`;
}

const api = temporal.api.workflowservice.v1;

/** Activities that this answer hands to the worker; the server may hand them out with the answer to a workflow task. */
function readTasks({ method, response }: Call): (Boundary & { readonly token: string })[] {
  if (response.length === 0) return [];
  const tasks =
    method === 'PollActivityTaskQueue'
      ? [api.PollActivityTaskQueueResponse.decode(response)]
      : method === 'RespondWorkflowTaskCompleted'
        ? api.RespondWorkflowTaskCompletedResponse.decode(response).activityTasks
        : [];
  return tasks
    .filter((task) => (task.taskToken?.length ?? 0) > 0)
    .map((task) => ({
      workflow: task.workflowType?.name ?? '',
      activity: task.activityType?.name ?? '',
      token: Buffer.from(task.taskToken ?? []).toString('base64'),
    }));
}

/** The token of the task whose result this call carries; empty for any other call. */
function tokenOf({ method, request }: Call): string {
  const message =
    method === 'RespondActivityTaskCompleted'
      ? api.RespondActivityTaskCompletedRequest.decode(request)
      : method === 'RespondActivityTaskFailed'
        ? api.RespondActivityTaskFailedRequest.decode(request)
        : undefined;
  return Buffer.from(message?.taskToken ?? []).toString('base64');
}
