import type { Policy } from '../../adapters/cedar.ts';
import { describeAction, type ActionDraft } from '../../domain/plan/catalogue.ts';
import { describeDisagreement } from '../../domain/diagnosis/disagreement.ts';
import { chooseAction } from '../../domain/plan/choose-actions.ts';
import {
  isUsable,
  type Change,
  type Deploy,
  type Evidence,
  type EvidenceBody,
  type FlagChange,
} from '../../domain/evidence/evidence.ts';
import { findGravest } from '../../domain/plan/mode.ts';
import type { Action, Plan } from '../../domain/plan/plan.ts';
import type { PlanFacts } from '../../domain/report/render-plan.ts';
import { toProof } from '../../domain/reproduction/tabulate-runs.ts';
import { gradeRisk } from '../../domain/plan/risk.ts';
import type { Inventory } from '../../domain/plan/rollback-target.ts';
import type { ActionSettings, ResidentSettings } from '../../domain/settings.ts';
import { askPolicy, dayBefore } from '../ask-policy.ts';
import type { ProposeInput, ResidentActivities } from '../contract.ts';

export interface ProposePorts {
  readonly settings: () => Pick<ResidentSettings, 'services'>;
  /** Body of evidence by its digest. */
  readonly readBody: (digest: string) => Promise<EvidenceBody>;
  readonly policy: Policy;
  readonly sealPlan: (facts: PlanFacts) => Plan;
  readonly holdsCommit: (repository: string, commit: string) => Promise<boolean>;
  readonly countActionsSince: (target: string, since: string) => Promise<number>;
}

/** Chooses an action for the diagnosis, grades it, asks the policy and seals the plan. No model takes part. */
export function createProposePlan(ports: ProposePorts): ResidentActivities['proposePlan'] {
  return async (input) => {
    const { diagnosis } = input;
    const target = diagnosis.service;
    const service = ports.settings().services[target];
    if (diagnosis.verdict === 'cause' && !(service && input.settings.services[target])) {
      return {
        plan: null,
        reason: `${target || 'The accused'} is no service of resident.yaml, so Resident changes nothing there. Tell its owner.`,
      };
    }
    const actions = service?.actions ?? {};
    const repository = actions['config.rollback']?.repository;
    const flag = await findFlag(ports, input.evidence, diagnosis.change);
    const choice = chooseAction({
      diagnosis,
      actions,
      hasDeployRecord: service?.deploysFile !== undefined,
      inventory: await readInventory(ports, input.evidence, target),
      ...(flag ? { flag } : {}),
      ...(input.current === undefined ? {} : { current: input.current }),
      isConfigCommit: repository !== undefined && (await ports.holdsCommit(repository, diagnosis.change)),
      isReproduced: input.reproduction?.verdict === 'reproduced',
      rejected: input.rejected,
    });
    const { draft, reason } = choice;
    const settings = draft && actions[draft.type];
    if (!draft || !settings) return { plan: null, reason };
    return { plan: await makePlan(ports, input, draft, settings), reason };
  };
}

/** Changes and deploys of the service that were fetched in this incident: the closed set from which parameters may come. */
async function readInventory(ports: ProposePorts, evidence: readonly Evidence[], service: string): Promise<Inventory> {
  const changes: Change[] = [];
  const deploys: Deploy[] = [];
  for (const item of evidence.filter((one) => one.service === service && isUsable(one))) {
    if (item.digest === undefined || (item.kind !== 'changes' && item.kind !== 'deploys')) continue;
    const body = await ports.readBody(item.digest);
    if (body.kind === 'changes') changes.push(...body.changes.filter((change) => change.service === service));
    if (body.kind === 'deploys') deploys.push(...body.deploys.filter((deploy) => deploy.service === service));
  }
  // Bodies overlap when evidence was collected twice; the order within each is oldest first.
  deploys.sort((one, other) => Date.parse(one.at) - Date.parse(other.at));
  return { changes, deploys };
}

/** The accused change among those of flags, of whichever service: an answer may name the flag of one and accuse another. */
async function findFlag(
  ports: ProposePorts,
  evidence: readonly Evidence[],
  change: string,
): Promise<FlagChange | undefined> {
  for (const item of evidence) {
    if (item.kind !== 'flags' || !isUsable(item) || item.digest === undefined) continue;
    const body = await ports.readBody(item.digest);
    const found = body.kind === 'flags' ? body.flags.find(({ id }) => id === change) : undefined;
    if (found) return found;
  }
  return undefined;
}

async function makePlan(
  ports: ProposePorts,
  input: ProposeInput,
  draft: ActionDraft,
  settings: ActionSettings,
): Promise<Plan> {
  const { incidentId, runId, round, now, diagnosis, reproduction } = input;
  const { target } = draft;
  const view = input.settings.services[target] ?? input.settings.service;
  const reproduced = reproduction?.verdict === 'reproduced' && reproduction.suspectService === diagnosis.service;
  const disagreement = describeDisagreement(diagnosis);
  const action: Action = {
    id: `${runId}/${round}.1`,
    ...draft,
    risk: gradeRisk(draft.type, { reproduced, tainted: draft.tainted }),
    ...describeAction(draft.type, target, draft.parameters, settings),
  };
  const { approvalsNeeded, ...decision } = askPolicy(ports.policy, {
    action,
    mode: view.mode,
    owner: view.owner,
    reproduced,
    afterRejection: round > 1 || input.rejected.length > 0,
    guardrails: { blastRadius: 1, actionsToday: await ports.countActionsSince(target, dayBefore(now)) },
    approvers: view.approvers.length,
  });
  return ports.sealPlan({
    incidentId,
    runId,
    round,
    target,
    actions: [action],
    mode: view.mode,
    decisions: [decision],
    decision: findGravest([decision.decision]),
    policyDigest: ports.policy.digest,
    approvers: view.approvers,
    approvalsNeeded: decision.decision === 'ask' ? approvalsNeeded : 0,
    reproduced,
    ...(reproduction ? { proof: toProof(reproduction) } : {}),
    ...(disagreement === undefined ? {} : { disagreement }),
    expiresAt: new Date(Date.parse(now) + input.settings.timings.approvalTimeoutMs).toISOString(),
  });
}
