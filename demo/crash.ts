import type { Client } from '@temporalio/client';
import { incidentWorkflowId, remediationWorkflowId, residentWorkflowId } from '../src/domain/names.ts';
import type { KillJson } from '../src/client/incident-json.ts';
import type { RunFile } from '../src/cli/run-file.ts';

/** One kill: which process, and at which moment, told from outside by what the server says is running. */
interface Moment {
  readonly role: 'worker' | 'sandbox-worker' | 'temporal';
  readonly phase: string;
  readonly workflowIds: readonly string[];
  /** The kill comes when one of these activities has been started by a worker. */
  readonly activities: readonly string[];
}

const lookEveryMs = 15;

/**
 * Kills processes with SIGKILL at chosen moments of the incident. Nothing in the product knows of it: it asks the server
 * which activities are at work, and takes the pids from `run.json`.
 */
export function startKiller(parts: {
  readonly client: Client;
  readonly service: string;
  readonly services: readonly string[];
  readonly run: () => RunFile;
  readonly say: (text: string) => void;
}): { readonly kills: KillJson[]; stop(): void } {
  const { client, service, services, run, say } = parts;
  const incident = incidentWorkflowId(service);
  const moments: Moment[] = [
    {
      role: 'worker',
      phase: 'investigate',
      workflowIds: services.map((name) => residentWorkflowId(service, name)),
      activities: ['collectLogs', 'collectMetrics', 'collectChanges', 'examineService'],
    },
    { role: 'temporal', phase: 'investigate', workflowIds: [incident], activities: ['reason'] },
    { role: 'sandbox-worker', phase: 'reproduce', workflowIds: [incident], activities: ['runReproduction'] },
    {
      role: 'worker',
      phase: 'remediate',
      workflowIds: services.map(remediationWorkflowId),
      activities: ['performAction'],
    },
  ];
  const kills: KillJson[] = [];
  let isStopped = false;
  const watch = async (moment: Moment): Promise<void> => {
    while (!isStopped) {
      const isNow = await Promise.all(moment.workflowIds.map((id) => isAtWork(client, id, moment.activities)));
      if (isNow.includes(true)) {
        const { processes } = run();
        // Without a Docker engine one worker does everything.
        const role = moment.role in processes || moment.role === 'temporal' ? moment.role : 'worker';
        const identity = processes[role];
        if (identity) {
          process.kill(identity.pid, 'SIGKILL');
          kills.push({ at: new Date().toISOString(), role, phase: moment.phase, pid: identity.pid });
          say(`SIGKILL ${role} (pid ${identity.pid}) in the middle of: ${moment.phase}`);
          return;
        }
      }
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    }
  };
  for (const moment of moments) void watch(moment);
  return { kills, stop: () => (isStopped = true) };
}

/** A workflow that does not run yet, or a server that was just killed, is not at work. */
async function isAtWork(client: Client, workflowId: string, activities: readonly string[]): Promise<boolean> {
  try {
    const { raw } = await client.workflow.getHandle(workflowId).describe();
    return (raw.pendingActivities ?? []).some(
      (pending) => activities.includes(pending.activityType?.name ?? '') && pending.lastStartedTime != null,
    );
  } catch {
    return false;
  }
}
