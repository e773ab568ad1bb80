import { dirname } from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import type { ActionJournal } from '../../adapters/action-journal.ts';
import type { CommandRunner } from '../../adapters/commands/runner.ts';
import type { ConfigRepository } from '../../adapters/config-repository.ts';
import type { Action } from '../../domain/plan/plan.ts';
import type { Redact } from '../../domain/redaction.ts';
import type { ActionSettings, ResidentSettings, ServiceSettings } from '../../domain/settings.ts';

/** What the activities that change something are given by hand. */
export interface ActionPorts {
  /** Asked anew each time, so that a changed mode holds at once. */
  readonly settings: () => Pick<ResidentSettings, 'file' | 'services' | 'timings'>;
  readonly journal: ActionJournal;
  readonly commands: CommandRunner;
  readonly repository: ConfigRepository;
  /** The newest revision in a service's deploy record, where it has one. */
  readonly readLastDeployed?: (service: string) => Promise<string | undefined>;
  /** Cancellation of the running activity. It keeps an action from starting; one that has started is let finish. */
  readonly signal?: () => AbortSignal | undefined;
  /** Takes secrets out of the output of commands before it goes into history. */
  readonly redact?: Redact;
  readonly now?: () => Date;
  /** How long and how often a check looks again before it fails. */
  readonly checkTimeoutMs?: number;
  readonly checkEveryMs?: number;
  /** Pauses between attempts at an undo. */
  readonly undoPauseMs?: number;
}

/** Refusals and failures of actions; the first four mean that nothing was changed. */
export type ActionTrouble =
  | 'Action.NotApproved'
  | 'Action.PlanChanged'
  | 'Action.Expired'
  | 'Action.StateChanged'
  | 'Action.StateUnknown'
  | 'Action.CommandFailed'
  | 'Action.TimedOut'
  | 'Action.Interrupted'
  | 'Action.CheckFailed'
  | 'Policy.Denied';

/** A failure that trying again does not mend: a person or an undo must follow. */
export function refuse(type: ActionTrouble, message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message.slice(0, 2_000), type);
}

export interface ConfiguredAction {
  readonly service: ServiceSettings;
  readonly settings: ActionSettings;
  /** Folder of resident.yaml, in which commands run. */
  readonly cwd: string;
  readonly timeoutMs: number;
}

/** The action's entry in resident.yaml as it stands now. */
export function findConfigured(ports: ActionPorts, action: Pick<Action, 'type' | 'target'>): ConfiguredAction {
  const { file, services, timings } = ports.settings();
  const service = services[action.target];
  const settings = service?.actions[action.type];
  if (!service || !settings) {
    throw refuse(
      'Action.PlanChanged',
      `${action.type} of ${action.target} is no longer configured in ${file}, so it is not done.`,
    );
  }
  return { service, settings, cwd: dirname(file), timeoutMs: timings.actionTimeoutMs };
}

/** ISO time now. */
export function tellTime(ports: Pick<ActionPorts, 'now'>): string {
  return (ports.now?.() ?? new Date()).toISOString();
}
