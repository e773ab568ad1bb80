import type { FoundFault } from '../../config/check-references.ts';
import type { Path } from '../../config/faults.ts';
import type { Mapping } from '../../config/raw.ts';
import type { WorldFindings } from './check-world.ts';

export type NamedServices = readonly (readonly [name: string, entry: Mapping])[];

/** Gathers what one look finds. */
export interface Findings extends WorldFindings {
  readonly fault: (path: Path, message: string) => void;
  readonly note: (path: Path, message: string) => void;
}

export function createFindings(): Findings {
  const faults: FoundFault[] = [];
  const notes: FoundFault[] = [];
  return {
    faults,
    notes,
    fault: (path, message) => faults.push({ path, message }),
    note: (path, message) => notes.push({ path, message }),
  };
}

/** How long one look at something outside of this machine may take. */
export const lookMs = 4_000;
