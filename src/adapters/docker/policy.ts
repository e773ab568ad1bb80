import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import type { ContainerCreateOptions, ContainerInspectInfo, HostConfig } from 'dockerode';
import { workFolder } from '../../domain/reproduction/frames.ts';
import type { SandboxLimits } from '../../domain/reproduction/reproduction.ts';
import type { EngineFacts } from './engine.ts';

/** Process 1 and the code under test have different users, so that the code cannot signal or trace process 1. */
export const keeperUser = '65534:65534';
export const codeUser = '65533:65533';

export const labels = {
  sandbox: 'resident.sandbox',
  run: 'resident.run',
  expires: 'resident.expires',
  owner: 'resident.owner',
} as const;

export interface ContainerPlan {
  readonly incidentId: string;
  readonly runId: string;
  /** Who made it, so that leftovers of a dead worker are told from work in progress. */
  readonly owner: string;
  /** Image id (`sha256:…`), never a tag. */
  readonly imageId: string;
  readonly limits: SandboxLimits;
  /** After this the container ends by itself, whoever has died. */
  readonly ttlSeconds: number;
  readonly expires: string;
  readonly engine: EngineFacts;
  readonly seccompProfile: string;
  /** Another OCI runtime that the engine knows, for example `runsc` (gVisor). */
  readonly runtime?: string;
  /** The cgroup that holds this worker's sandboxes together; the one of all sandboxes when left out. */
  readonly cgroupParent?: string;
  /** Id of another sandbox whose network (loopback only) it shares; a network of its own when left out. */
  readonly networkOf?: string;
  /** Only to install dependencies, outside an incident: a network that leads somewhere. */
  readonly connectedTo?: ConnectedNetwork;
}

/** A bridge of the engine, or the network of the machine itself, whose local services can then be reached. */
export type ConnectedNetwork = 'bridge' | 'host';

type PlannedHostConfig = HostConfig & { CgroupnsMode: string; CgroupParent: string };

/** Bytes of the two writable places. Both are charged to the container's memory, so together they must leave room to run. */
export function sizeFolders(limits: SandboxLimits): { readonly workBytes: number; readonly tmpBytes: number } {
  const memory = limits.memoryMb * 1024 * 1024;
  return { workBytes: Math.floor(memory / 2), tmpBytes: Math.min(64 * 1024 * 1024, Math.floor(memory / 8)) };
}

/** Our own profile for the engine's processor; the default one of Docker lets vsock and io_uring through in old versions. */
export async function readSeccompProfile(architecture: EngineFacts['architecture']): Promise<string> {
  const file = new URL(`../../../docker/seccomp/profile-${architecture}.json`, import.meta.url);
  return JSON.stringify(JSON.parse(await readFile(file, 'utf8')));
}

/** Everything that the sandbox asks of the engine, in one place. The reasons and measurements: docs on the sandbox. */
export function planContainer(plan: ContainerPlan): ContainerCreateOptions & { HostConfig: PlannedHostConfig } {
  return {
    Image: plan.imageId,
    User: keeperUser,
    Entrypoint: [],
    Cmd: ['sleep', String(plan.ttlSeconds)],
    WorkingDir: workFolder,
    Tty: false,
    // What is here shows in `docker inspect`: no secret, ever.
    Env: ['HOME=/tmp', 'CI=true'],
    // A container that joins the network of another has that one's names, and the engine refuses others.
    ...(isAlone(plan) ? { Hostname: hostName } : {}),
    Labels: {
      [labels.sandbox]: plan.incidentId,
      [labels.run]: plan.runId,
      [labels.owner]: plan.owner,
      [labels.expires]: plan.expires,
    },
    HostConfig: planHostConfig(plan),
  };
}

const hostName = 'sandbox';
/**
 * What a service of any machine can count on: `localhost` and its own name are loopback. The engine writes them (and for `none`
 * it would also copy the machine's name servers and search domains) only where `NetworkDisabled` is not set.
 */
const loopbackNames = { Dns: ['127.0.0.1'], DnsSearch: ['.'], DnsOptions: [], ExtraHosts: [`${hostName}:127.0.0.1`] };

function isAlone({ networkOf, connectedTo }: ContainerPlan): boolean {
  return networkOf === undefined && connectedTo === undefined;
}

/** For locks and small buffers; larger data goes through files. */
const sharedBytes = 4 * 1024 * 1024;

function planHostConfig(plan: ContainerPlan): PlannedHostConfig {
  const { limits, engine, seccompProfile, runtime, cgroupParent, networkOf, connectedTo } = plan;
  const memory = limits.memoryMb * 1024 * 1024;
  const { workBytes, tmpBytes } = sizeFolders(limits);
  return {
    NetworkMode: networkOf === undefined ? (connectedTo ?? 'none') : `container:${networkOf}`,
    ...(isAlone(plan) ? loopbackNames : {}),
    ReadonlyRootfs: true,
    Privileged: false,
    CapDrop: ['ALL'],
    SecurityOpt: ['no-new-privileges', `seccomp=${seccompProfile}`],
    // Runtimes start threads and test workers by the number of processors that they see, which is the machine's.
    PidsLimit: Math.max(128, 32 * engine.cpus),
    Memory: memory,
    MemorySwap: memory,
    NanoCpus: Math.round(limits.cpus * 1e9),
    IpcMode: 'none',
    CgroupnsMode: 'private',
    CgroupParent:
      cgroupParent ?? (engine.cgroupDriver === 'systemd' ? 'resident-sandboxes.slice' : '/resident-sandboxes'),
    Init: true,
    Tmpfs: {
      // Locks and pools of worker processes lie there (sem_open(3)), and test runners use them; `none` alone gives no such folder.
      '/dev/shm': `rw,nosuid,nodev,noexec,size=${sharedBytes},nr_inodes=1024,mode=1777`,
      '/tmp': `rw,nosuid,nodev,noexec,size=${tmpBytes},nr_inodes=8192,mode=1777`,
      // Executable: sources carry scripts and native add-ons, and code can run itself from memory anyhow.
      [workFolder]: `rw,nosuid,nodev,exec,size=${workBytes},nr_inodes=65536,uid=65533,gid=65533,mode=0755`,
    },
    Ulimits: [
      { Name: 'nofile', Soft: 1024, Hard: 1024 },
      // Not 0: a crash would still be handed to a core_pattern that is a pipe, which is a program of the host that runs as
      // root (core(5)). One byte is the kernel's own sign for no core at all, and too little for a file.
      { Name: 'core', Soft: 1, Hard: 1 },
      // /dev/mqueue is writable in every container, and its memory is the kernel's: 800 KB a user, for all sandboxes together.
      { Name: 'msgqueue', Soft: 0, Hard: 0 },
      { Name: 'fsize', Soft: workBytes, Hard: workBytes },
    ],
    LogConfig: { Type: 'none', Config: {} },
    RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
    AutoRemove: false,
    ...(runtime === undefined ? {} : { Runtime: runtime }),
  };
}

/** Fields that must be empty whatever an image or an engine's defaults say. */
const mustBeEmpty = [
  ...['Binds', 'Mounts', 'Devices', 'DeviceRequests', 'DeviceCgroupRules', 'CapAdd', 'GroupAdd', 'Sysctls'],
  ...['VolumesFrom', 'PortBindings', 'PublishAllPorts', 'Links', 'OomKillDisable', 'OomScoreAdj'],
];
const mustNotBeHost = ['PidMode', 'UTSMode', 'UsernsMode', 'Cgroup'];
/** Files of the kernel that the engine hides or makes read-only unless it is told not to. */
const mustInclude = { MaskedPaths: ['/proc/kcore', '/proc/keys'], ReadonlyPaths: ['/proc/sys', '/proc/sysrq-trigger'] };
const mustBeAsked = ['User', 'Cmd', 'WorkingDir', 'Tty'] as const;

/**
 * What the engine made of the plan, compared field by field before the container starts.
 * Returns the differences; empty means that the sandbox is what was asked for.
 */
export function listDifferences(
  planned: ReturnType<typeof planContainer>,
  inspected: Pick<ContainerInspectInfo, 'Config' | 'HostConfig' | 'Image'> & { readonly Mounts?: readonly unknown[] },
): string[] {
  const made = inspected.HostConfig as unknown as Values;
  const isEmpty = (value: unknown) => !value || (typeof value === 'object' && Object.keys(value).length === 0);
  const differ = (fields: readonly string[], is: object, asked: object) =>
    fields
      .map((field) => [field, (is as Values)[field], (asked as Values)[field]] as const)
      .filter(([, value, wanted]) => !isDeepStrictEqual(value, wanted))
      .map(([field, value, wanted]) => `${field} is ${show(value)}, not ${show(wanted)}`);
  return [
    ...differ(Object.keys(planned.HostConfig), made, planned.HostConfig),
    ...differ(mustBeAsked, inspected.Config, planned),
    ...differ(['Image'], inspected, planned),
    ...mustBeEmpty
      .filter((field) => !isEmpty(made[field]))
      .map((field) => `${field} is ${show(made[field])}, not empty`),
    ...mustNotBeHost.filter((field) => made[field]).map((field) => `${field} is ${show(made[field])}, not private`),
    ...Object.entries(mustInclude)
      .filter(([field, wanted]) => !wanted.every((path) => (made[field] as string[] | undefined)?.includes(path)))
      .map(([field, wanted]) => `${field} is ${show(made[field])}, without ${wanted.join(' or ')}`),
    ...(isEmpty(inspected.Mounts) ? [] : [`the image brings volumes: ${show(inspected.Mounts)}`]),
  ];
}

type Values = Readonly<Record<string, unknown>>;

/** Lines of `/proc/self/status` that prove the confinement from within. Returns what is wrong; empty means confined. */
export function listStatusFaults(status: string): string[] {
  const read = (name: string) => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(status)?.[1] ?? 'missing';
  const capabilities = ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].map((name) => [name, /^0+$/] as const);
  const rest = { NoNewPrivs: /^1$/, Seccomp: /^2$/, Uid: /^65533$/, Gid: /^65533$/ };
  return [...capabilities, ...Object.entries(rest)]
    .filter(([name, pattern]) => !pattern.test(read(name)))
    .map(([name]) => `${name} is ${read(name)}`);
}

const shownLength = 200;

function show(value: unknown): string {
  return (JSON.stringify(value) ?? 'absent').slice(0, shownLength);
}
