import { adviseByHand, endsByRestart } from './by-condition.ts';
import { isCommitId, refuseParameters, refuseSettings, type ActionDraft } from './catalogue.ts';
import type { Diagnosis } from '../diagnosis/diagnosis.ts';
import { cleanLine } from '../diagnosis/prompt-text.ts';
import type { FlagChange } from '../evidence/evidence.ts';
import type { ActionType } from './plan.ts';
import { isInInventory, listRollbackTargets, type Inventory } from './rollback-target.ts';
import type { ActionSettings } from '../settings.ts';

export interface ChoiceInput {
  readonly diagnosis: Diagnosis;
  /** What resident.yaml allows to be done to the accused service. */
  readonly actions: Readonly<Partial<Record<ActionType, ActionSettings>>>;
  /** True when the accused service has a deploy record, from which the present revision can be read. */
  readonly hasDeployRecord: boolean;
  readonly inventory: Inventory;
  /** The accused change where it is one of a flag, as its record tells it. */
  readonly flag?: FlagChange;
  /** The revision that runs, as the service's own `current` command printed it. */
  readonly current?: string;
  /** True when the accused commit lies in the service's configuration repository. */
  readonly isConfigCommit: boolean;
  /** True when the sandbox has shown that the accused commit fails and the one before it does not. */
  readonly isReproduced?: boolean;
  /** `deploy.rollback user-service`, or `deploy.rollback user-service <revision>` when only that revision was rejected. */
  readonly rejected: readonly string[];
}

/** The action to propose, or the reason why there is none, with advice for people. */
export interface Choice {
  readonly draft?: ActionDraft;
  readonly reason: string;
}

/** Chooses the one action that fits a diagnosis best; a type that people rejected in this incident is not offered again. */
export function chooseAction(input: ChoiceInput): Choice {
  const { diagnosis } = input;
  const refusal = refuseDiagnosis(diagnosis);
  if (refusal) return { reason: refusal };
  if (input.flag) return { reason: handOverFlag(input.flag) };

  const obstacles: string[] = [];
  for (const type of listFittingTypes(input)) {
    const found = draft(type, input);
    if (typeof found !== 'string') return { draft: found, reason: explain(found, input) };
    obstacles.push(found);
  }
  const why = obstacles.length > 0 ? ` (${obstacles.join('; ')})` : '';
  return {
    reason: `No action of the catalogue fits ${describeCause(diagnosis)}${why}. ${wasRejected(input) ? rejectedAdvice : advise(input)}`,
  };
}

/**
 * A flag is set where flags are kept, and no action of the catalogue reaches there. To deploy what ran before would change the code, which
 * did nothing, and leave the flag as it is.
 */
function handOverFlag({ flag, service, from, to, at, by }: FlagChange): string {
  const value = (text: string | undefined) =>
    text === undefined ? 'a value that was not recorded' : `\`${shown(text)}\``;
  const who = by === undefined ? 'Who did it is not recorded' : `\`${shown(by)}\` did it`;
  return `Flag \`${shown(flag)}\` of ${service} was changed from ${value(from)} to ${value(to)} at ${at}. ${who}. Set it back by hand where flags are kept: Resident has no action for flags, and to deploy an earlier revision would not change it.`;
}

const shown = (text: string): string => cleanLine(text, 120).replaceAll('`', "'");

function refuseDiagnosis(diagnosis: Diagnosis): string | undefined {
  switch (diagnosis.verdict) {
    case 'inconclusive':
      return 'The diagnosis is inconclusive, so nothing is proposed. Look at what is missing, and at the ranked suspects, by hand.';
    case 'no-fault':
      return 'Nothing is at fault, so nothing is proposed. If the alert repeats, its condition deserves a look.';
    case 'cause':
      break;
  }
  if (diagnosis.category === 'outside-dependency') {
    return `The cause lies outside${diagnosis.service ? `, and shows at ${diagnosis.service}` : ''}; no change to our services would mend it. Call its operator, and consider a fallback or a switch-off of the feature that needs it.`;
  }
  if (diagnosis.category === 'none') return 'The diagnosis names no fault, so nothing is proposed.';
  return undefined;
}

/** Types that could help, the best first. */
export function listFittingTypes(
  input: Pick<ChoiceInput, 'diagnosis' | 'isConfigCommit' | 'isReproduced' | 'rejected'>,
): readonly ActionType[] {
  const { diagnosis, isConfigCommit } = input;
  if (diagnosis.change === 'none' || diagnosis.change === '') {
    return diagnosis.category === 'resource' && endsByRestart(diagnosis.condition) ? ['service.restart'] : [];
  }
  const rollbacks: readonly ActionType[] = !isConfigCommit
    ? ['deploy.rollback']
    : diagnosis.category === 'code-change'
      ? ['deploy.rollback', 'config.rollback']
      : ['config.rollback', 'deploy.rollback'];
  const isRollbackRejected = rollbacks.some((type) => isRejected(input, type));
  const isResource = diagnosis.category === 'resource';
  // Code that the sandbox has shown to fail fails after a restart as well.
  const couldRestartHelp = isResource || (isRollbackRejected && !input.isReproduced);
  return couldRestartHelp ? [...rollbacks, 'service.restart'] : rollbacks;
}

function draft(type: ActionType, input: ChoiceInput): ActionDraft | string {
  const target = input.diagnosis.service;
  if (input.rejected.includes(`${type} ${target}`)) return `${type} was rejected`;
  const unfit = refuseSettings(type, target, input.actions[type], input.hasDeployRecord);
  if (unfit) return unfit;
  const parameters = chooseParameters(type, input);
  if (typeof parameters === 'string') return parameters;
  const misfit = refuseParameters(type, parameters);
  if (misfit) return misfit;
  const tainted = Object.keys(parameters).filter((name) => !isInInventory(input.inventory, parameters[name] ?? ''));
  return { type, target, parameters, tainted };
}

function chooseParameters(type: ActionType, input: ChoiceInput): Readonly<Record<string, string>> | string {
  const { diagnosis, inventory, rejected } = input;
  switch (type) {
    case 'service.restart':
      return {};
    case 'config.rollback':
      return isCommitId(diagnosis.change) ? { commit: diagnosis.change } : 'the accused change is no commit';
    case 'deploy.rollback': {
      const targets = listRollbackTargets(inventory, diagnosis, input.current);
      const target = targets.find((item) => !rejected.includes(`${type} ${diagnosis.service} ${item.revision}`));
      if (!target) return tellNoTarget(input);
      return { revision: target.revision, ...(target.from === undefined ? {} : { from: target.from }) };
    }
  }
}

function tellNoTarget({ diagnosis, inventory, current }: ChoiceInput): string {
  // Without the present revision in hand there would have been a target, so that one is the reason.
  if (current === undefined || listRollbackTargets(inventory, diagnosis).length === 0) {
    return `no revision before ${diagnosis.change} is known that could be deployed`;
  }
  return `${diagnosis.service} runs ${current} already, which does not hold the change, whatever its deploy record says; nothing is left to roll back`;
}

function isRejected(input: Pick<ChoiceInput, 'diagnosis' | 'rejected'>, type: ActionType): boolean {
  const key = `${type} ${input.diagnosis.service}`;
  return input.rejected.some((entry) => entry === key || entry.startsWith(`${key} `));
}

function describeCause(diagnosis: Diagnosis): string {
  return diagnosis.change === 'none' || diagnosis.change === ''
    ? `${diagnosis.category} in ${diagnosis.service}`
    : `${diagnosis.change} in ${diagnosis.service}`;
}

function explain(chosen: ActionDraft, input: ChoiceInput): string {
  const taint = chosen.tainted.length > 0 ? `; not from the inventory: ${chosen.tainted.join(', ')}` : '';
  const after = input.rejected.length > 0 ? ', after people rejected something else' : '';
  return `${chosen.type} of ${chosen.target} answers ${describeCause(input.diagnosis)}${after}${taint}.`;
}

function wasRejected(input: ChoiceInput): boolean {
  return listFittingTypes(input).some((type) => isRejected(input, type));
}

const rejectedAdvice =
  'What a person rejected is not proposed again in this incident, whatever is learnt after it. To do it all the same, carry it out by hand, or open a new incident of the service once this one is closed (`resident open`).';

function advise(input: ChoiceInput): string {
  const { diagnosis } = input;
  const byHand = diagnosis.change === 'none' ? adviseByHand(diagnosis.condition) : undefined;
  if (byHand !== undefined) return byHand;
  switch (diagnosis.category) {
    case 'traffic':
      return 'Add capacity or shed load by hand; Resident has no action for it.';
    case 'infrastructure':
      return 'Look at the machines, the network and the platform by hand; Resident has no action for them.';
    case 'resource':
      return `Configure services.${diagnosis.service}.actions.service.restart, or free the resource by hand.`;
    case 'code-change':
    case 'config-change':
    case 'unknown':
    case 'none':
    case 'outside-dependency':
      return `Undo the change by hand, or configure an action for ${diagnosis.service} in resident.yaml.`;
  }
}
