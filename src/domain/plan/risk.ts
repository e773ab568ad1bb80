import { raiseRisk, type ActionType, type Risk } from './plan.ts';

/** Risk of each action of the catalogue when it is reproduced and every parameter comes from the inventory. */
const baseRisks: Readonly<Record<ActionType, Risk>> = {
  'service.restart': 'low',
  'deploy.rollback': 'medium',
  'config.rollback': 'medium',
};

/**
 * Grades an action. A cause that was not reproduced raises the risk by one, and so does a parameter that is not a member of
 * the inventory; both together by two, because they are doubts about different things.
 */
export function gradeRisk(type: ActionType, facts: { reproduced: boolean; tainted: readonly string[] }): Risk {
  const afterReproduction = facts.reproduced ? baseRisks[type] : raiseRisk(baseRisks[type]);
  return facts.tainted.length === 0 ? afterReproduction : raiseRisk(afterReproduction);
}

const ranks: Readonly<Record<Risk, number>> = { read: 0, low: 1, medium: 2, high: 3 };

/** Risk as a number, 0 (`read`) to 3 (`high`), for policies that compare. */
export function rankRisk(risk: Risk): number {
  return ranks[risk];
}
