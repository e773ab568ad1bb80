import { createProposePlan } from '../../src/activities/resident/propose-plan.ts';
import { sealPlan } from '../../src/adapters/canonical-json.ts';
import { createPolicy } from '../../src/adapters/cedar.ts';
import type { Diagnosis } from '../../src/domain/diagnosis/diagnosis.ts';
import type { Plan } from '../../src/domain/plan/plan.ts';
import type { Bundle } from '../../src/domain/evidence/bundle.ts';
import type { IncidentSettings, ServiceSettings, ServiceView } from '../../src/domain/settings.ts';

const policy = createPolicy();

/** What would be proposed for a diagnosis where every service can be rolled back and restarted; the product's own activity and policy. */
export async function proposeFor(
  { input, window }: Bundle,
  diagnosis: Diagnosis,
): Promise<{ readonly plan: Plan | null; readonly reason: string }> {
  const names = [...new Set(input.evidence.map(({ evidence }) => evidence.service))];
  const views = Object.fromEntries(
    names.map((service) => [
      service,
      { service, owner: 'owners', mode: 'assist', approvers: ['ana'] } as unknown as ServiceView,
    ]),
  );
  const actions = {
    'deploy.rollback': { command: ['./deploy.sh', '{revision}'], current: ['./current.sh'] },
    'service.restart': { command: ['./restart.sh'] },
  };
  const propose = createProposePlan({
    settings: () => ({
      services: Object.fromEntries(
        names.map((name) => [name, { name, actions, deploysFile: './deploys' } as unknown as ServiceSettings]),
      ),
    }),
    readBody: async (digest) => {
      const found = input.evidence.find(({ evidence }) => evidence.digest === digest)?.body;
      if (!found) throw new Error(`The bundle has no body ${digest}.`);
      return found;
    },
    policy: await policy,
    sealPlan,
    holdsCommit: async () => false,
    countActionsSince: async () => 0,
  });
  const settings = { service: views[input.service], services: views, timings: { approvalTimeoutMs: 3_600_000 } };
  return propose({
    incidentId: `incident/${input.service}`,
    runId: 'run',
    round: 1,
    settings: settings as unknown as IncidentSettings,
    diagnosis,
    evidence: input.evidence.map(({ evidence }) => evidence),
    rejected: [],
    now: window.to,
  });
}
