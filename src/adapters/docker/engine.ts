import Docker from 'dockerode';
import { OutsideError } from '../outside-error.ts';

export interface EngineAddress {
  /** The value of `DOCKER_HOST`: `unix:///path` or `tcp://host:port`. Empty: the default socket. */
  readonly dockerHost?: string;
}

export type Preflight =
  | { readonly ok: true; readonly engine: EngineFacts; readonly warnings: readonly string[] }
  /** `reason` says what is missing and what to do about it. */
  | { readonly ok: false; readonly reason: string };

export interface EngineFacts {
  readonly version: string;
  readonly architecture: 'x86_64' | 'arm64';
  readonly cgroupDriver: string;
  readonly cpus: number;
}

const defaultSocket = '/var/run/docker.sock';
const connectionErrorCodes = [
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'EPIPE',
  'EACCES',
  'EPERM',
  'ETIMEDOUT',
  'ENOTFOUND',
];
/** API 1.41 (Docker 20.10) brought private cgroup namespaces. */
const oldestApi = '1.41';

/** Opens the engine's API; nothing is sent yet. Throws when the address is of a kind that is not spoken (ssh, npipe). */
export function openEngine(address: EngineAddress): Docker {
  const url = describeAddress(address);
  if (url.startsWith('unix://')) return new Docker({ socketPath: url.slice('unix://'.length) });
  const { protocol, hostname, port } = new URL(url);
  if (protocol !== 'tcp:' && protocol !== 'http:') {
    throw new OutsideError(`DOCKER_HOST ${url} is not supported. Use unix:///path/to/docker.sock or tcp://host:port.`, {
      system: 'Docker',
      kind: 'BadAddress',
      retryable: false,
    });
  }
  return new Docker({ protocol: 'http', host: hostname, port: port || '2375' });
}

export function describeAddress({ dockerHost }: EngineAddress): string {
  return dockerHost ? dockerHost : `unix://${defaultSocket}`;
}

/**
 * Asks the engine whether it can enforce every limit of the sandbox. Fails closed: an engine that cannot limit memory
 * or filter system calls runs nothing. Never throws.
 */
export async function checkEngine(docker: Docker, address: EngineAddress): Promise<Preflight> {
  const where = describeAddress(address);
  try {
    const [version, info] = await Promise.all([docker.version(), docker.info() as Promise<EngineInfo>]);
    const runc = version.Components?.find(({ Name }) => Name === 'runc')?.Version;
    return judgeEngine(where, version.ApiVersion, { ...info, ...(runc ? { runcVersion: runc } : {}) });
  } catch (error) {
    return {
      ok: false,
      reason: `No Docker engine answers at ${where} (${describe(error)}). Start one, or point DOCKER_HOST to it.`,
    };
  }
}

export interface EngineInfo {
  readonly OSType?: string;
  readonly Architecture?: string;
  readonly ServerVersion?: string;
  readonly CgroupDriver?: string;
  readonly NCPU?: number;
  readonly MemoryLimit?: boolean;
  readonly SwapLimit?: boolean;
  readonly PidsLimit?: boolean;
  readonly CpuCfsQuota?: boolean;
  readonly SecurityOptions?: readonly string[];
  /** Of `version()`, not of `info()`, which knows its commit only. */
  readonly runcVersion?: string;
}

/** The rules of the preflight over the engine's own description of itself. */
export function judgeEngine(where: string, apiVersion: string, info: EngineInfo): Preflight {
  const refuse = (what: string, remedy: string): Preflight => ({
    ok: false,
    reason: `The Docker engine at ${where} ${what}, so the sandbox would not hold. ${remedy}`,
  });
  if (info.OSType !== 'linux') return refuse(`runs ${info.OSType ?? 'an unknown system'}`, 'Use an engine on Linux.');
  if (compareVersions(apiVersion, oldestApi) < 0) {
    return refuse(`speaks API ${apiVersion}`, 'Use Docker 20.10 or newer (API 1.41).');
  }
  const architecture = { x86_64: 'x86_64', aarch64: 'arm64', arm64: 'arm64' }[info.Architecture ?? ''];
  if (!architecture) return refuse(`runs on ${info.Architecture ?? 'an unknown processor'}`, 'Use x86_64 or arm64.');
  const limits = ['MemoryLimit', 'SwapLimit', 'PidsLimit', 'CpuCfsQuota'] as const;
  const missing = limits.filter((limit) => !info[limit]);
  if (missing.length > 0) {
    const remedy =
      'Turn the cgroup controllers on (kernel option swapaccount=1 for SwapLimit; delegation when rootless).';
    return refuse(`cannot enforce ${missing.join(', ')}`, remedy);
  }
  const security = info.SecurityOptions ?? [];
  if (!security.some((option) => option.includes('seccomp'))) {
    return refuse('filters no system calls (no seccomp)', 'Use a kernel and engine with seccomp.');
  }
  return {
    ok: true,
    engine: {
      version: info.ServerVersion ?? 'unknown',
      architecture: architecture as EngineFacts['architecture'],
      cgroupDriver: info.CgroupDriver ?? 'cgroupfs',
      cpus: info.NCPU ?? 1,
    },
    warnings: listWarnings(info, security),
  };
}

function listWarnings(info: EngineInfo, security: readonly string[]): string[] {
  const runc = /^v?(\d+\.\d+\.\d+)/.exec(info.runcVersion ?? '')?.[1];
  const fixedIn = runc?.startsWith('1.2.') ? '1.2.8' : '1.3.3';
  return [
    ...(runc && compareVersions(runc, fixedIn) < 0
      ? [`runc ${runc} lacks the fixes for CVE-2025-31133, -52565 and -52881: use runc 1.2.8, 1.3.3 or newer.`]
      : []),
    ...(security.some((option) => /apparmor|selinux/.test(option))
      ? []
      : ['Neither AppArmor nor SELinux confines containers on this engine.']),
  ];
}

function compareVersions(left: string, right: string): number {
  const [a, b] = [left, right].map((version) => version.split('.').map(Number));
  for (const [index, part] of (a ?? []).entries()) {
    const difference = part - (b?.[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** True for errors that mean the engine itself is away, not that it refused a request. */
export function isConnectionError(error: unknown): boolean {
  const { code, statusCode, message } = error as { code?: string; statusCode?: number; message?: string };
  if (statusCode !== undefined) return false;
  return connectionErrorCodes.includes(code ?? '') || /socket hang up|premature close/i.test(message ?? '');
}

/** The HTTP status of an engine's refusal; undefined when it was something else. */
export function statusOf(error: unknown): number | undefined {
  return (error as { statusCode?: number }).statusCode;
}

/** An engine that went away in the middle of work: trying again can help, on this worker or another. */
export function engineLost(doing: string, cause: unknown): OutsideError {
  return new OutsideError(
    `The Docker engine was lost while ${doing} (${describe(cause)}). The run is tried again; check the engine's log if it keeps happening.`,
    { system: 'Docker', kind: 'EngineLost', retryable: true },
    { cause },
  );
}

export function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
