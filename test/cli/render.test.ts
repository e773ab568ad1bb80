import { describe, expect, it } from 'vitest';
import { renderArgument, renderState } from '../../src/cli/render.ts';
import { renderReport } from '../../src/domain/report/report.ts';
import { toProof } from '../../src/domain/reproduction/tabulate-runs.ts';
import { closedState } from '../incident-state.ts';

const plan = { ...closedState.plan!, proof: toProof(closedState.reproduction!) };

describe('an incident as `resident show` tells it', () => {
  it('does not print the reproduction above a plan that shows the same as its proof', () => {
    expect(renderArgument({ ...closedState, plan })).not.toContain('Reproduction: reproduced');
    expect(renderArgument(closedState)).toContain('Reproduction: reproduced');
    const { plan: _, ...planless } = closedState;
    expect(renderArgument(planless)).toContain('Reproduction: reproduced');
  });

  it('marks a plan that was rejected, below what a later round has shown since', () => {
    const [approval] = closedState.approvals;
    const approvals = [{ ...approval!, decision: 'reject' as const }];
    const shown = renderState({ ...closedState, round: 2, plan, approvals }, undefined);
    expect(shown).toContain(`Plan ${plan.digest}, rejected by ana in round 1`);
    expect(shown).toContain('Reproduction: reproduced');
    expect(renderState({ ...closedState, plan }, undefined)).not.toContain('rejected by');
  });

  it('says of a place without a reason that the reason is not known, and calls it no cause of kind `unknown`', () => {
    const diagnosis = { ...closedState.diagnosis!, change: 'none', category: 'unknown', confidence: 0.6 } as const;
    const shown = renderArgument({ ...closedState, diagnosis });
    expect(shown).toContain(`${diagnosis.service}, the place is known, the reason is not, confidence 0.60`);
    expect(renderReport({ ...closedState, diagnosis })).toContain('the place is known, the reason is not');
    expect(renderReport(closedState)).not.toContain('the reason is not');
  });
});
