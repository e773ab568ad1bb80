import type { Arena } from './arena.ts';
import { NoControlHere, type CaseResult, type HostileCase, type Weakness } from './hostile-case.ts';
import { hostileCases, tryCase } from './run-case.ts';
import { without } from './weaknesses.ts';

/** One mutation of the sandbox, and the case that must notice it. */
export interface AblationRow {
  readonly weakness: Weakness;
  readonly caughtBy: CaseResult['number'];
}

/**
 * Every setting of the planned container whose absence alone shows. Not among them: `nosuid` and `nodev`, before which other settings
 * stand, and `MemorySwap`, which shows only on a machine that swaps.
 */
export const ablation: readonly AblationRow[] = [
  { weakness: without.ourSeccomp, caughtBy: 26 },
  { weakness: without.seccomp, caughtBy: 25 },
  { weakness: without.capDrop, caughtBy: 31 },
  { weakness: without.noNewPrivileges, caughtBy: 32 },
  { weakness: without.readOnlyRoot, caughtBy: 8 },
  { weakness: without.network, caughtBy: 20 },
  { weakness: without.otherUser, caughtBy: 43 },
  { weakness: without.pidsLimit, caughtBy: 1 },
  { weakness: without.memory, caughtBy: 2 },
  { weakness: without.processors, caughtBy: 18 },
  { weakness: without.nofile, caughtBy: 19 },
  { weakness: without.fsize, caughtBy: 11 },
  { weakness: without.core, caughtBy: 'own-7' },
  { weakness: without.msgqueue, caughtBy: 'own-12' },
  { weakness: without.tmpfsSize, caughtBy: 5 },
  { weakness: without.tmpfsInodes, caughtBy: 7 },
  { weakness: without.tmpfsNoexec, caughtBy: 'own-9' },
  { weakness: without.logConfig, caughtBy: 13 },
  { weakness: without.init, caughtBy: 'own-1' },
  { weakness: without.ipcMode, caughtBy: 'own-20' },
  { weakness: without.cgroupNamespace, caughtBy: 'own-16' },
  { weakness: without.cgroupParent, caughtBy: 44 },
];

export interface AblationResult {
  readonly without: string;
  readonly caughtBy: AblationRow['caughtBy'];
  /** `none`: this machine cannot show it; `seen` says why. */
  readonly end: 'caught' | 'missed' | 'none';
  readonly seen: string;
}

/** Runs the named case in a sandbox without the one setting. */
export async function runAblation(arena: Arena, { weakness, caughtBy }: AblationRow): Promise<AblationResult> {
  const hostile = hostileCases.find(({ number }) => number === caughtBy)!;
  const row = { without: weakness.without, caughtBy };
  try {
    const seen = await tryCase(arena, hostile, weakness);
    return { ...row, end: judgeAblation(hostile, seen), seen };
  } catch (error) {
    if (error instanceof NoControlHere) return { ...row, end: 'none', seen: error.message };
    throw error;
  }
}

/** A probe that shows neither has noticed nothing: the missing setting may have broken it. */
export function judgeAblation(hostile: HostileCase, seen: string): 'caught' | 'missed' {
  if (hostile.isBlocked(seen)) return 'missed';
  return hostile.isReached(seen) || hostile.isReachedInPart?.(seen) ? 'caught' : 'missed';
}
