import type { ActionType } from './plan.ts';
import type { ActionSettings } from '../settings.ts';

/** What people are told of an action; part of what they approve. */
export interface ActionWords {
  readonly summary: string;
  readonly undo: string;
  readonly check: string;
}

/** A draft of an action: chosen, not yet graded. */
export interface ActionDraft {
  readonly type: ActionType;
  readonly target: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly tainted: readonly string[];
}

/** Names that each action takes; `?` marks one that may be absent. */
const parameterNames: Readonly<Record<ActionType, readonly string[]>> = {
  'deploy.rollback': ['revision', 'from?'],
  'config.rollback': ['commit'],
  'service.restart': [],
};

/** A revision or commit as it may stand in an argv: no leading dash, so that it never reads as an option. */
const parameterPattern = /^[A-Za-z0-9][A-Za-z0-9._/+@:-]{0,199}$/;

/** @returns why the parameters do not fit the action, or undefined. Unknown names are refused, never ignored. */
export function refuseParameters(type: ActionType, parameters: Readonly<Record<string, string>>): string | undefined {
  const names: readonly string[] | undefined = parameterNames[type];
  if (!names) return `There is no action ${String(type)} in the catalogue.`;
  for (const [name, value] of Object.entries(parameters)) {
    if (!names.includes(name) && !names.includes(`${name}?`)) return `${type} takes no parameter ${name}.`;
    if (!parameterPattern.test(value)) {
      return `The ${name} of ${type} is not a plain identifier (letters, digits and ._/+@:-, at most 200, no leading dash).`;
    }
  }
  const missing = names.find((name) => !name.endsWith('?') && parameters[name] === undefined);
  return missing === undefined ? undefined : `${type} needs the parameter ${missing}.`;
}

/** @returns what is missing in resident.yaml for this action, or undefined when it can be carried out and undone. */
export function refuseSettings(
  type: ActionType,
  service: string,
  settings: ActionSettings | undefined,
  hasDeployRecord: boolean,
): string | undefined {
  const where = `services.${service}.actions.${type}`;
  if (!settings) return `${where} is not configured`;
  switch (type) {
    case 'deploy.rollback':
      if (!settings.command?.length) return `${where}.command is missing`;
      if (!settings.command.some((part) => listPlaceholders(part).includes('revision'))) {
        return `${where}.command takes no {revision}, so a rollback could not be undone`;
      }
      if (!settings.current && !hasDeployRecord) {
        return `${where}.current is missing and there is no deploys file, so the present revision could not be captured`;
      }
      return undefined;
    case 'config.rollback':
      return settings.repository ? undefined : `${where}.repository is missing`;
    case 'service.restart':
      return settings.command?.length ? undefined : `${where}.command is missing`;
  }
}

/** `{word}` alone; `{{.State}}` and `${HOME}` belong to the programs that are called. */
const placeholderPattern = /(?<![{$])\{([A-Za-z_]+)\}(?!\})/g;

/** The words of `{word}` in one element of an argv. */
export function listPlaceholders(part: string): readonly string[] {
  return [...part.matchAll(placeholderPattern)].map(([, word = '']) => word);
}

/**
 * Replaces `{name}` inside each element of an argv, never across elements and never through a shell.
 * @throws for a placeholder that has no parameter: it would reach the program as it stands.
 */
export function fillArgv(argv: readonly string[], parameters: Readonly<Record<string, string>>): readonly string[] {
  return argv.map((part) =>
    part.replace(placeholderPattern, (whole, name: string) => {
      const value = parameters[name];
      if (value === undefined)
        throw new Error(`${whole} in the command ${argv.join(' ')} is no parameter of the action.`);
      return value;
    }),
  );
}

/** Words for an action, from its type, parameters and configured commands alone, so that they can be recomputed before acting. */
export function describeAction(
  type: ActionType,
  target: string,
  parameters: Readonly<Record<string, string>>,
  settings: ActionSettings,
): ActionWords {
  const show = (argv: readonly string[]) => JSON.stringify(argv);
  switch (type) {
    case 'deploy.rollback': {
      const command = settings.command ?? [];
      const from = parameters['from'] ? ` from ${parameters['from']}` : '';
      return {
        summary: `Deploy ${target} at revision ${parameters['revision']}${from}: runs ${show(fillArgv(command, parameters))}`,
        undo: `Deploy the revision that ran before, captured just before acting, with the same command.`,
        check: settings.current
          ? `${show(settings.current)} prints ${parameters['revision']} on its last line.`
          : 'The command ends with 0; nothing else is configured to look at.',
      };
    }
    case 'config.rollback':
      return {
        summary: `Revert commit ${parameters['commit']} in the configuration repository of ${target}${settings.reload ? `, then run ${show(settings.reload)}` : ''}.`,
        undo: `Revert the revert${settings.reload ? ', then reload again' : ''}.`,
        check: `The revert stands in the repository's history${settings.reload ? ' and the reload ended with 0' : ''}.`,
      };
    case 'service.restart':
      return {
        summary: `Restart ${target}: runs ${show(settings.command ?? [])}`,
        undo: 'Nothing to undo: a restart changes neither code nor configuration.',
        check: settings.current
          ? `The command ends with 0, and so does ${show(settings.current)}.`
          : 'The command ends with 0.',
      };
  }
}

/** Two names of one revision: equal, or one the abbreviated SHA (7 digits or more) of the other. */
export function isSameRevision(one: string, other: string): boolean {
  if (one === other) return true;
  const [short, long] = one.length < other.length ? [one, other] : [other, one];
  return isCommitId(short) && isCommitId(long) && long.startsWith(short);
}

/** True for a Git SHA, abbreviated to 7 digits or more. */
export function isCommitId(value: string): boolean {
  return /^[0-9a-f]{7,64}$/.test(value);
}
