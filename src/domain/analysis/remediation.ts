import { listFittingTypes } from '../plan/choose-actions.ts';
import type { ActionType } from '../plan/plan.ts';
import type { Decision } from './decide.ts';
import type { Diagnosis } from '../diagnosis/diagnosis.ts';

/**
 * What would end an incident: an action of the catalogue where one fits, as a plan would propose it; else what people have to do
 * by hand; `none` where nothing is at fault or nothing is known.
 */
export type Remediation =
  ActionType | 'flag.revert' | 'failover' | 'certificate.renew' | 'capacity.add' | 'platform.repair' | 'none';

/**
 * Chooses by category, with the plan's own order of actions. Whether an action can be carried out depends on resident.yaml, and is
 * not asked here.
 * Our own table. O(1).
 */
export function chooseRemediation(diagnosis: Diagnosis, decision: Decision, isFlag: boolean): Remediation {
  if (diagnosis.verdict !== 'cause') return 'none';
  if (diagnosis.change !== 'none' && isFlag) return 'flag.revert';
  const isConfigCommit = diagnosis.category === 'config-change';
  const [fitting] = listFittingTypes({ diagnosis, isConfigCommit, rejected: [] });
  if (fitting !== undefined) return fitting;
  if (decision.kind === 'foreign' && decision.cause.kind === 'expiry') return 'certificate.renew';
  switch (diagnosis.category) {
    case 'outside-dependency':
      return 'failover';
    case 'traffic':
    case 'resource':
      return 'capacity.add';
    case 'infrastructure':
      return 'platform.repair';
    case 'code-change':
    case 'config-change':
    case 'unknown':
    case 'none':
      return 'none';
  }
}
