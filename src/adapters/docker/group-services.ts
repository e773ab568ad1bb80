import type { Container } from 'dockerode';
import { runExec, type ExecReport } from './exec.ts';
import { nameEnd, type NamedEnd } from './name-end.ts';
import { codeUser } from './policy.ts';
import { workFolder } from '../../domain/reproduction/frames.ts';
import { countOomKills, type RunParts } from './run-container.ts';
import type { GroupMember, GroupOrder, GroupReport } from './run-group.ts';

/** A service and the container that it runs in. */
export interface Running {
  readonly member: GroupMember;
  readonly container: Container;
}

export interface MemberReport {
  readonly service: string;
  /** Absent while it still ran at the end, as a service should. */
  readonly end?: NamedEnd;
  readonly exitCode?: number;
  readonly output: Buffer;
  readonly totalBytes: number;
}

/** The set-up commands of one service. Undefined when all worked. */
export async function setUp(
  { member, container }: Running,
  order: GroupOrder,
  leftMs: () => number,
): Promise<Pick<GroupReport, 'outcome' | 'members'> | undefined> {
  for (const command of member.setup) {
    const report = await runExec(container, {
      command,
      user: codeUser,
      folder: `${workFolder}/${member.service}`,
      environment: member.environment,
      outputBytes: order.limits.outputBytes,
      timeoutMs: leftMs(),
      signal: order.signal,
    });
    order.signal.throwIfAborted();
    const exitCode = report.end.kind === 'exited' ? report.end.exitCode : -1;
    if (exitCode === 0) continue;
    const { output, totalBytes } = report;
    return {
      outcome: { kind: 'set-up-failed', service: member.service, command, exitCode },
      members: [{ service: member.service, exitCode, output, totalBytes }],
    };
  }
  return undefined;
}

/** The services at work. They are started when the driver listens, so that none can take the port of a stand-in. */
export interface Services {
  start(): void;
  /** Called once for each service that ended though nobody had ended it. */
  onEnd(listener: (service: string) => void): void;
  reportOf(service: string): Promise<ExecReport> | undefined;
  settled(): Promise<unknown>;
}

export function startServices(
  order: GroupOrder,
  members: readonly Running[],
  leftMs: () => number,
  signal: AbortSignal,
): Services {
  const runs = new Map<string, Promise<ExecReport>>();
  let listener: (service: string) => void = () => undefined;
  const start = ({ member, container }: Running) => {
    const run = runExec(container, {
      command: member.command,
      user: codeUser,
      folder: `${workFolder}/${member.service}`,
      environment: member.environment,
      outputBytes: Math.floor(order.limits.outputBytes / members.length),
      timeoutMs: leftMs(),
      signal,
    });
    runs.set(member.service, run);
    run.then(
      ({ end }) => end.kind !== 'aborted' && listener(member.service),
      () => listener(member.service),
    );
  };
  return {
    start: () => members.forEach(start),
    onEnd: (next) => (listener = next),
    reportOf: (service) => runs.get(service),
    settled: () => Promise.allSettled(runs.values()),
  };
}

/** What one service showed: how it ended, where it ended before its time, and its output. */
export async function reportMember(
  parts: RunParts,
  { member, container }: Running,
  services: Services,
): Promise<MemberReport> {
  const { service } = member;
  const run = await services.reportOf(service);
  if (!run) return { service, output: Buffer.alloc(0), totalBytes: 0 };
  const { end, output, totalBytes } = run;
  if (end.kind === 'aborted') {
    const killed = (await countOomKills(container)) ?? 0;
    return { service, output, totalBytes, ...(killed > 0 ? { end: 'out-of-memory' as const } : {}) };
  }
  const { docker } = parts;
  const named = await nameEnd(
    { docker, container, countOomKills: () => countOomKills(container), oomKillsBefore: 0 },
    end,
  );
  return { service, end: named, exitCode: end.kind === 'exited' ? end.exitCode : -1, output, totalBytes };
}
