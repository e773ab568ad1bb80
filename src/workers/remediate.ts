import { Context } from '@temporalio/activity';
import { createCaptureState } from '../activities/remediate/capture-state.ts';
import { createCheckAction } from '../activities/remediate/check-action.ts';
import type { RemediateActivities } from '../activities/contract.ts';
import type { JudgePorts } from '../activities/remediate/judge-action.ts';
import { createPerformAction } from '../activities/remediate/perform-action.ts';
import { createReadRunning } from '../activities/remediate/read-running.ts';
import { createUndoAction } from '../activities/remediate/undo-action.ts';
import { createActionJournal } from '../adapters/action-journal.ts';
import { digestValue, verifyPlanDigest } from '../adapters/canonical-json.ts';
import { createPolicy } from '../adapters/cedar.ts';
import { createCommandRunner } from '../adapters/commands/runner.ts';
import { createConfigRepository } from '../adapters/config-repository.ts';
import { createDeployRecords } from '../adapters/deploy-records.ts';
import type { WorkerParts } from './parts.ts';

/** Queue `remediate`: the only role that can change anything. */
export async function createRemediateActivities(parts: WorkerParts): Promise<RemediateActivities> {
  const { currentSettings, environment, stateFolder } = parts;
  const journal = createActionJournal(stateFolder('actions'));
  const ports: JudgePorts = {
    settings: currentSettings,
    journal,
    commands: createCommandRunner({ journal, environment }),
    repository: createConfigRepository(environment),
    readLastDeployed: (service) => readLastDeployed(parts, service),
    redact: parts.redact,
    signal: () => Context.current().cancellationSignal,
    policy: await createPolicy(),
    verifyPlanDigest,
    digestValue,
  };
  return {
    readRunning: createReadRunning(ports),
    captureState: createCaptureState(ports),
    performAction: createPerformAction(ports),
    checkAction: createCheckAction(ports),
    undoAction: createUndoAction(ports),
  };
}

async function readLastDeployed(parts: WorkerParts, service: string): Promise<string | undefined> {
  const file = parts.currentSettings().services[service]?.deploysFile;
  if (file === undefined) return undefined;
  const { deploys } = await createDeployRecords().read(file, service);
  return deploys.filter((deploy) => deploy.status === 'succeeded').at(-1)?.revision;
}
