import type { ContainerPlan } from '../../../src/adapters/docker/policy.ts';
import type { SandboxLimits } from '../../../src/domain/reproduction/reproduction.ts';
import type { Planned, Side } from './side.ts';

/**
 * One thing that hostile code may try. The same probe runs on both sides: in the sandbox as the product plans it, and in a container
 * that was made weak on purpose, where it must succeed, so that a broken probe cannot pass as a blocked one.
 */
export interface HostileCase {
  /** Number in the reviewed list of cases, or `own-<n>` for one that is on no list. */
  readonly number: number | `own-${number}`;
  readonly name: string;
  /** The setting or the code of ours that stops it. */
  readonly stoppedBy: string;
  readonly limits?: Partial<SandboxLimits>;
  /** What the product is asked for beside the usual. */
  readonly plan?: Partial<ContainerPlan>;
  /** What both sides need to be for this probe, for example another command for process 1. */
  arrange?(planned: Planned): Planned;
  /** Tries it and says what was seen. `side.isControl` matters only where our own code is what stops it. */
  probe(side: Side): Promise<string>;
  isBlocked(seen: string): boolean;
  isReached(seen: string): boolean;
  /** For probes of several tries: one at least got through. */
  isReachedInPart?(seen: string): boolean;
  /** Tries of the control that its machine has nothing for, for example calls that its kernel does not have. */
  listAbsent?(seen: string): readonly string[];
  /** What is taken away for the control. */
  readonly control: Weakness;
}

/** A container made weak on purpose. */
export interface Weakness {
  readonly without: string;
  weaken?(planned: Planned): Planned;
  /** The user of the probe, when it is not the sandbox's. */
  readonly user?: string;
}

/** Thrown by a probe whose control this machine cannot show: said in the table, and counted apart. */
export class NoControlHere extends Error {}

export interface CaseResult {
  readonly number: HostileCase['number'];
  readonly name: string;
  readonly stoppedBy: string;
  readonly blocked: boolean;
  readonly seen: string;
  readonly control: 'bit' | 'missed' | 'none';
  /** What was taken away for the control, or why there is none. */
  readonly by: string;
  readonly controlSeen: string;
  /** Parts of the case that the control could not show, for example calls that this kernel does not have. */
  readonly unshown: readonly string[];
}

type Judge = Pick<HostileCase, 'isBlocked' | 'isReached' | 'isReachedInPart' | 'listAbsent'>;

const refusals = ['EPERM', 'EACCES', 'ENOSYS', 'EROFS', 'SIGSYS'];
/** Answers of a kernel that does not have what was asked for. */
const absences = ['ENOSYS', 'EAFNOSUPPORT', 'ENODEV', 'EPROTONOSUPPORT'];

function readLines(seen: string): { readonly what: string; readonly answer: string }[] {
  return [...seen.matchAll(/^(.+): (ok|E[A-Z0-9]+|SIG[A-Z]+)$/gm)].map(([, what, answer]) => ({
    what: what!,
    answer: answer!,
  }));
}

/**
 * For probes that print a line a try. Blocked: each try was refused. Reached: the kernel took up each try that it knows at all.
 * `refused` adds answers that are refusals in this case; `absent` those of a machine that lacks the thing.
 */
export function refusesEach({ refused = [], absent = [] }: { refused?: string[]; absent?: string[] } = {}): Judge {
  const isRefused = (answer: string) => [...refusals, ...refused].includes(answer);
  const isAbsent = (answer: string) => [...absences, ...absent].includes(answer);
  return {
    isBlocked(seen) {
      const lines = readLines(seen);
      return lines.length > 0 && lines.every(({ answer }) => isRefused(answer) || absent.includes(answer));
    },
    isReached(seen) {
      const known = readLines(seen).filter(({ answer }) => !isAbsent(answer));
      return known.length > 0 && known.every(({ answer }) => !isRefused(answer));
    },
    isReachedInPart: (seen) => readLines(seen).some(({ answer }) => !isAbsent(answer) && !isRefused(answer)),
    listAbsent: (seen) =>
      readLines(seen)
        .filter(({ answer }) => isAbsent(answer))
        .map(({ what }) => what),
  };
}

/** For probes that take until they are stopped, and print how much they got. */
export function getsAtMost(most: number): Judge {
  const read = (seen: string) => Number(/^took (\d+) /m.exec(seen)?.[1] ?? Number.NaN);
  return {
    isBlocked: (seen) => read(seen) <= most && /, then E/.test(seen),
    isReached: (seen) => read(seen) > most,
  };
}

/** For everything else: two patterns, of which only one can match. */
export function showsOnly(blocked: RegExp, reached: RegExp): Judge {
  return {
    isBlocked: (seen) => blocked.test(seen) && !reached.test(seen),
    isReached: (seen) => reached.test(seen) && !blocked.test(seen),
  };
}
