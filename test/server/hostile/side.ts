import { randomUUID } from 'node:crypto';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Container } from 'dockerode';
import { statusOf } from '../../../src/adapters/docker/engine.ts';
import { runExec, type ExecReport } from '../../../src/adapters/docker/exec.ts';
import { codeUser, listDifferences, type planContainer } from '../../../src/adapters/docker/policy.ts';
import type { SandboxLimits } from '../../../src/domain/reproduction/reproduction.ts';
import type { Arena } from './arena.ts';
import { NoControlHere, type HostileCase, type Weakness } from './hostile-case.ts';

export type Planned = ReturnType<typeof planContainer>;

interface ExecOptions {
  readonly timeoutMs?: number;
  readonly stdin?: Buffer;
}

/** One of the two places in which a probe runs. Its container is made when it is first needed. */
export interface Side {
  readonly isControl: boolean;
  readonly arena: Arena;
  readonly limits: SandboxLimits;
  /** A number that no other process on this machine has on its command line. */
  readonly mark: string;
  start(): Promise<Container>;
  /** Runs a command as the code under test would run. */
  exec(command: readonly string[], options?: ExecOptions): Promise<ExecReport>;
  /** Runs one of the compiled probes: its output, and how it ended when that was not with 0. */
  probe(...command: string[]): Promise<string>;
  close(): Promise<void>;
}

/** Small, so that what has no limit is soon past it. */
export const hostileLimits: SandboxLimits = { memoryMb: 128, cpus: 1, timeoutMs: 20_000, outputBytes: 100_000 };

/** Without a weakness: the sandbox itself. */
export function openSide(
  arena: Arena,
  { limits: wanted, plan, arrange }: Pick<HostileCase, 'limits' | 'plan' | 'arrange'>,
  weakness?: Weakness,
): Side {
  const limits = { ...hostileLimits, ...wanted };
  const mark = String(process.hrtime.bigint());
  let container: Promise<Container> | undefined;

  async function create(): Promise<Container> {
    const asked = arena.plan(limits, plan);
    const planned = arrange?.(asked) ?? asked;
    const made = await arena.docker.createContainer(weakness?.weaken?.(planned) ?? planned);
    try {
      if (!weakness) assertAsPlanned(listDifferences(planned, await made.inspect()));
      await made.start();
    } catch (error) {
      await made.remove({ force: true, v: true });
      throw whyNotStarted(error);
    }
    return made;
  }

  const side: Side = {
    isControl: weakness !== undefined,
    arena,
    limits,
    mark,
    start: () => (container ??= create()),
    async exec(command, { timeoutMs = limits.timeoutMs, stdin } = {}) {
      return runExec(await side.start(), {
        command,
        user: weakness?.user ?? codeUser,
        folder: '/sandbox',
        outputBytes: limits.outputBytes,
        timeoutMs,
        signal: new AbortController().signal,
        ...(stdin ? { stdin } : {}),
      });
    },
    async probe(...command) {
      return describeReport(await side.exec(['/opt/probe', ...command]));
    },
    async close() {
      const made = await container?.catch(() => undefined);
      await made?.remove({ force: true, v: true }).catch((error: unknown) => {
        if (statusOf(error) !== 404 && statusOf(error) !== 409) throw error;
      });
    },
  };
  return side;
}

/** Output, and how it ended unless with 0. */
export function describeReport({ output, end }: ExecReport): string {
  const text = output.toString().trim();
  if (end.kind === 'exited' && end.exitCode === 0) return text;
  return `${text}\n[${end.kind === 'exited' ? `exit ${end.exitCode}` : end.kind}]`.trim();
}

function assertAsPlanned(differences: readonly string[]): void {
  if (differences.length > 0) throw new Error(`The sandbox is not as planned: ${differences.join('; ')}`);
}

/** An engine that may not hand out a capability itself cannot make a container weak with it. */
function whyNotStarted(error: unknown): unknown {
  const message = error instanceof Error ? error.message : String(error);
  return /unable to apply caps/.test(message)
    ? new NoControlHere('the engine of this machine lacks the capability itself')
    : error;
}

/** Processes of this machine whose command line holds the mark: containers of a local engine share its process table. */
export async function countProcesses(mark: string): Promise<number> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'args'], { maxBuffer: 16 << 20 });
  return stdout.split('\n').filter((line) => line.includes(mark)).length;
}

export function makeName(): string {
  return `resident-hostile-${randomUUID().slice(0, 8)}`;
}
