import { boundaryMechanisms } from './mechanisms/boundaries.ts';
import { capacityMechanisms } from './mechanisms/capacity.ts';
import { logicMechanisms } from './mechanisms/logic.ts';
import type { Mechanism } from './mechanisms/mechanism.ts';

export const mechanisms: readonly Mechanism[] = [...logicMechanisms, ...capacityMechanisms, ...boundaryMechanisms];
