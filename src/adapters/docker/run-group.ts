import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import type { Container } from 'dockerode';
import { pack } from 'tar-stream';
import type { SandboxLimits } from '../../domain/reproduction/reproduction.ts';
import type { ReplayAnswer, StandIn, StartOrder } from '../../domain/reproduction/replay.ts';
import { readDriverLine, readDriverReport, splitLines } from './driver-report.ts';
import type { AskedStandIn, DriverReport } from './driver-report.ts';
import { runExec } from './exec.ts';
import {
  reportMember,
  setUp,
  startServices,
  type MemberReport,
  type Running,
  type Services,
} from './group-services.ts';
import { codeUser } from './policy.ts';
import { workFolder } from '../../domain/reproduction/frames.ts';
import { readLastWords } from '../../domain/reproduction/last-words.ts';
import { removeContainer } from './remove-container.ts';
import { createInspected, unpackConfined } from './run-container.ts';
import type { RunParts } from './run-container.ts';
import { packSource, type PackedSource } from './sources.ts';

/** One service of a group. Its own memory and processors are part of the order's. */
export interface GroupMember extends Omit<StartOrder, 'image' | 'memoryMb' | 'cpus'> {
  readonly imageId: string;
  readonly sources: readonly PackedSource[];
  readonly limits: Pick<SandboxLimits, 'memoryMb' | 'cpus'>;
}

/** Several services that share one network with nothing but loopback, and the request that the first of them gets. */
export interface GroupOrder {
  readonly incidentId: string;
  readonly runId: string;
  /** Image with Node, in which the driver runs. */
  readonly driverImageId: string;
  readonly members: readonly GroupMember[];
  readonly standIns: readonly StandIn[];
  readonly request: { readonly method: string; readonly path: string };
  readonly answerTimeoutMs: number;
  /** Of all containers together. */
  readonly limits: SandboxLimits;
  readonly signal: AbortSignal;
}

/** `not-ready` and `set-up-failed` name the service; `unreadable`: what the driver told cannot be believed. */
export type GroupOutcome =
  | { readonly kind: 'answer'; readonly answer: ReplayAnswer }
  | { readonly kind: 'not-ready'; readonly service: string; readonly detail: string }
  | {
      readonly kind: 'set-up-failed';
      readonly service: string;
      readonly command: readonly string[];
      readonly exitCode: number;
    }
  | { readonly kind: 'unreadable'; readonly detail: string };

export interface GroupReport {
  readonly outcome: GroupOutcome;
  readonly members: readonly MemberReport[];
  readonly asked: readonly AskedStandIn[];
  readonly durationMs: number;
  /** What the services lacked around their code, with the remedy, for example dependencies that were not prepared. */
  readonly note?: string;
  /** Images by service and id, where they are others than the order's: those with prepared dependencies. */
  readonly layeredImageIds?: Readonly<Record<string, string>>;
}

/** Memory of the container that holds the network and the driver. */
export const driverMemoryMb = 96;
const driverCpus = 0.5;
const driverFolder = 'replay';
const driverOutputBytes = 1_000_000;
/** A service may write why it failed just after it answered. */
const afterAnswerMs = 200;

/**
 * Runs one order from the creation of its containers to their removal, whatever happens in between. The first container has a
 * network without anything but loopback and holds the driver; the services join that network and nothing else of it.
 */
export async function runInGroup(parts: RunParts, order: GroupOrder): Promise<GroupReport> {
  const containers: Container[] = [];
  const create = async (imageId: string, limits: GroupMember['limits'], networkOf?: string) => {
    const container = await createInspected(parts, {
      incidentId: order.incidentId,
      runId: order.runId,
      imageId,
      limits: { ...order.limits, ...limits },
      signal: order.signal,
      ...(networkOf === undefined ? {} : { networkOf }),
    });
    containers.push(container);
    order.signal.throwIfAborted();
    await container.start();
    return container;
  };
  try {
    const driver = await create(order.driverImageId, { memoryMb: driverMemoryMb, cpus: driverCpus });
    await unpackConfined(driver, { signal: order.signal, sources: [await packDriver(order)] });
    const members = await settleAll(
      order.members.map(async (member): Promise<Running> => {
        const container = await create(member.imageId, member.limits, driver.id);
        await unpackConfined(container, { signal: order.signal, sources: member.sources });
        return { member, container };
      }),
    );
    const report = await replay(parts, order, driver, members);
    order.signal.throwIfAborted();
    return report;
  } finally {
    await Promise.all(containers.map((container) => removeContainer(container, parts.logger)));
  }
}

/** Waits for all of them even when one fails: what they made must be known before it is removed. */
async function settleAll<T>(work: readonly Promise<T>[]): Promise<readonly T[]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}

async function packDriver({ members, standIns, request, answerTimeoutMs }: GroupOrder): Promise<PackedSource> {
  const [target] = members;
  const plan = {
    standIns,
    services: members.map(({ service, port, readyPath, readyTimeoutMs }) => {
      return { service, port, readyTimeoutMs, ...(readyPath === undefined ? {} : { readyPath }) };
    }),
    request: { method: request.method, path: request.path, port: target?.port },
    answerTimeoutMs,
  };
  const tar = pack();
  tar.entry({ name: 'driver.mjs' }, await readFile(new URL('../../../docker/replay/driver.js', import.meta.url)));
  tar.entry({ name: 'plan.json' }, JSON.stringify(plan));
  tar.finalize();
  return packSource(driverFolder, await buffer(tar));
}

async function replay(
  parts: RunParts,
  order: GroupOrder,
  driver: Container,
  members: readonly Running[],
): Promise<GroupReport> {
  const startedAt = performance.now();
  const elapsed = () => Math.round(performance.now() - startedAt);
  const leftMs = () => Math.max(1, order.limits.timeoutMs - elapsed());
  const failed = (await settleAll(members.map((running) => setUp(running, order, leftMs)))).find(Boolean);
  if (failed) return { ...failed, asked: [], durationMs: elapsed() };

  const stop = new AbortController();
  const services = startServices(order, members, leftMs, AbortSignal.any([order.signal, stop.signal]));
  try {
    const said = await drive(order, driver, services, leftMs);
    if (said.report.answer) await delay(afterAnswerMs, undefined, { signal: order.signal }).catch(() => undefined);
    stop.abort();
    const reports = await Promise.all(members.map((running) => reportMember(parts, running, services)));
    const outcome = tellOutcome(said, reports, elapsed());
    return { outcome, members: reports, asked: said.report.asked, durationMs: elapsed() };
  } finally {
    stop.abort();
    await services.settled();
  }
}

interface Said {
  readonly report: DriverReport;
  /** The driver had no time to end by itself. */
  readonly isCut: boolean;
  /** A service that ended before it was ready. */
  readonly early?: string;
}

async function drive(order: GroupOrder, driver: Container, services: Services, leftMs: () => number): Promise<Said> {
  const giveUp = new AbortController();
  const ready = new Set<string>();
  let early: string | undefined;
  services.onEnd((service) => {
    if (ready.has(service)) return;
    early ??= service;
    giveUp.abort();
  });
  const folder = `${workFolder}/${driverFolder}`;
  const { output, end } = await runExec(driver, {
    command: ['node', `${folder}/driver.mjs`, `${folder}/plan.json`],
    user: codeUser,
    folder,
    outputBytes: driverOutputBytes,
    timeoutMs: leftMs(),
    signal: AbortSignal.any([order.signal, giveUp.signal]),
    onOutput: splitLines((text) => {
      const line = readDriverLine(text);
      if (line?.kind === 'listening') services.start();
      if (line?.kind === 'ready') ready.add(line.service);
    }),
  });
  order.signal.throwIfAborted();
  const isCut = end.kind !== 'exited';
  // Of a report that was cut the last line may be half.
  const text = output.toString('utf8');
  const report = readDriverReport(isCut ? text.slice(0, text.lastIndexOf('\n') + 1) : text);
  return { report, isCut, ...(early === undefined ? {} : { early }) };
}

function tellOutcome(
  { report, isCut, early }: Said,
  members: readonly MemberReport[],
  elapsedMs: number,
): GroupOutcome {
  if (report.fault !== undefined) return { kind: 'unreadable', detail: report.fault };
  if (early !== undefined) return { kind: 'not-ready', service: early, detail: tellEnd(early, members) };
  const [never] = report.notReady;
  if (never) return { kind: 'not-ready', ...never };
  if (report.answer) return { kind: 'answer', answer: report.answer };
  const waiting = members.find(({ service }) => !report.ready.includes(service));
  const detail = `not ready when the time of the run was over, after ${elapsedMs} ms`;
  if (isCut && waiting) return { kind: 'not-ready', service: waiting.service, detail };
  if (isCut)
    return {
      kind: 'answer',
      answer: { kind: 'silent', durationMs: elapsedMs, detail: 'the time of the run was over' },
    };
  return { kind: 'unreadable', detail: 'it ended without an answer' };
}

function tellEnd(service: string, members: readonly MemberReport[]): string {
  const { end, exitCode, output } = members.find((member) => member.service === service) ?? {};
  const words = readLastWords(output?.toString('utf8') ?? '', { workService: service, services: [service] });
  return `it ended before it was ready (${end ?? 'unknown'}, exit code ${exitCode ?? -1})${words === '' ? '' : `: ${words}`}`;
}
