import type { Arena } from './arena.ts';
import { fileCases } from './files-in-and-out.ts';
import { NoControlHere, type CaseResult, type HostileCase, type Weakness } from './hostile-case.ts';
import { memoryAndDiskCases } from './memory-and-disk.ts';
import { networkCases } from './network-and-sockets.ts';
import { outputCases } from './output.ts';
import { processCases } from './processes.ts';
import { openSide } from './side.ts';
import { systemCallCases } from './system-calls.ts';
import { trustCases } from './trust.ts';

/** How many cases the reviewed list has; the others are our own. */
export const listedCases = 46;

/** Every case, the listed ones by their number and then our own. */
export const hostileCases: readonly HostileCase[] = [
  ...processCases,
  ...memoryAndDiskCases,
  ...outputCases,
  ...networkCases,
  ...systemCallCases,
  ...fileCases,
  ...trustCases,
].sort((a, b) => rankOf(a) - rankOf(b));

function rankOf({ number }: HostileCase): number {
  return typeof number === 'number' ? number : listedCases + Number(number.slice('own-'.length));
}

/** Tries a case once: in the sandbox, or in a container with one weakness. */
export async function tryCase(arena: Arena, hostile: HostileCase, weakness?: Weakness): Promise<string> {
  const side = openSide(arena, hostile, weakness);
  try {
    return await hostile.probe(side);
  } finally {
    await side.close();
  }
}

/** Both sides of a case. A control that this machine cannot show is said, and is not one that bit. */
export async function runCase(arena: Arena, hostile: HostileCase): Promise<CaseResult> {
  const { number, name, stoppedBy, control } = hostile;
  const seen = await tryCase(arena, hostile);
  const result = { number, name, stoppedBy, blocked: hostile.isBlocked(seen), seen };
  const none = (why: string): CaseResult => ({ ...result, control: 'none', by: why, controlSeen: '', unshown: [] });
  try {
    const controlSeen = await tryCase(arena, hostile, control);
    const bit = hostile.isReached(controlSeen) && !hostile.isBlocked(controlSeen);
    const unshown = hostile.listAbsent?.(controlSeen) ?? [];
    if (!bit && unshown.length === controlSeen.split('\n').length) return none('this machine has nothing of it');
    return { ...result, control: bit ? 'bit' : 'missed', by: control.without, controlSeen, unshown };
  } catch (error) {
    if (error instanceof NoControlHere) return none(error.message);
    throw error;
  }
}
