import { context } from './context.ts';
import { injection } from './injection.ts';
import { loghub } from './loghub.ts';
import { nezha } from './nezha.ts';
import { opensre } from './opensre.ts';
import { petshop } from './petshop.ts';
import { rootcausebench } from './rootcausebench.ts';
import type { DirectSet, YardstickSet } from './run-set.ts';

/** Every set that the bench knows, in the order in which it runs them. */
export const sets: readonly (DirectSet | YardstickSet)[] = [
  rootcausebench,
  petshop,
  opensre,
  nezha,
  loghub,
  context,
  injection,
];
