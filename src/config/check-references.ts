import { listPlaceholders } from '../domain/plan/catalogue.ts';
import type { Path } from './faults.ts';
import { suggest } from '../domain/nearest.ts';
import { asList, asMapping, isMapping, isText, type Mapping } from './raw.ts';

/** A fault without its place yet. */
export interface FoundFault {
  readonly path: Path;
  readonly message: string;
}

/**
 * What no schema can see: names that must exist elsewhere in the file. It reads the raw file and passes over what has the
 * wrong shape, so that these faults are told together with those of the schema.
 */
export function checkReferences(raw: unknown): readonly FoundFault[] {
  const file = asMapping(raw);
  const services = asMapping(file['services']);
  const people = asList(file['people']).map((person) => asMapping(person)['name']);
  return [
    ...checkPeople(people),
    ...(isEmptyMapping(file['services'])
      ? [
          {
            path: ['services'],
            message: 'names no service; add one, for example order-service: { owner: team-orders }',
          },
        ]
      : []),
    ...Object.entries(services).flatMap(([name, entry]) =>
      checkService(name, asMapping(entry), Object.keys(services), people.filter(isText)),
    ),
    ...checkWebhooks(asMapping(asMapping(file['gateway'])['webhooks'])),
  ];
}

function checkPeople(names: readonly unknown[]): readonly FoundFault[] {
  return names.flatMap((name, index) =>
    isText(name) && names.indexOf(name) !== index
      ? [{ path: ['people', index, 'name'], message: `is there twice (${name}); write each person once` }]
      : [],
  );
}

function checkService(
  name: string,
  entry: Mapping,
  services: readonly string[],
  people: readonly string[],
): readonly FoundFault[] {
  const at = ['services', name];
  const found: FoundFault[] = [];
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name)) {
    found.push({
      path: at,
      message:
        'cannot be a name; write letters, digits, dots, dashes and underscores, at most 100, beginning with a letter or digit',
    });
  }
  asList(entry['dependsOn']).forEach((other, index) => {
    if (!isText(other)) return;
    const path = [...at, 'dependsOn', index];
    if (other === name) found.push({ path, message: 'is the service itself; leave it out' });
    else if (!services.includes(other)) {
      found.push({ path, message: `names ${other}, which is not under services; ${suggest(other, services)}` });
    }
  });
  asList(entry['approvers']).forEach((person, index) => {
    if (!isText(person) || people.includes(person)) return;
    found.push({
      path: [...at, 'approvers', index],
      message: `names ${person}, who is not under people; ${suggest(person, people)}`,
    });
  });
  return [...found, ...checkActions(at, entry)];
}

function checkActions(at: Path, entry: Mapping): readonly FoundFault[] {
  const actions = asMapping(entry['actions']);
  const found: FoundFault[] = [];
  for (const { path, argv, placeholders } of listActionCommands(at, actions)) {
    found.push(...checkPlaceholders(path, argv, placeholders));
  }
  const command = asList(asMapping(actions['deploy.rollback'])['command']);
  if (command.length > 0 && !command.some((part) => isText(part) && listPlaceholders(part).includes('revision'))) {
    found.push({
      path: [...at, 'actions', 'deploy.rollback', 'command'],
      message: 'never gets the revision; put "{revision}" where it belongs, for example [./deploy.sh, "{revision}"]',
    });
  }
  const asks = (entry['mode'] ?? 'assist') !== 'observe';
  if (asks && Object.keys(actions).length > 0 && asList(entry['approvers']).length === 0) {
    found.push({
      path: at,
      message: 'has actions, and nobody may approve them; write approvers: [NAME], or mode: observe to only propose',
    });
  }
  return found;
}

interface ActionCommand {
  readonly path: Path;
  readonly argv: readonly unknown[];
  /** What is replaced in it. */
  readonly placeholders: readonly string[];
}

/** Every command under `actions`, of whatever action. */
export function listActionCommands(at: Path, actions: Mapping): readonly ActionCommand[] {
  return Object.entries(actions).flatMap(([type, action]) =>
    ['command', 'current', 'reload'].flatMap((key) => {
      const argv = asList(asMapping(action)[key]);
      const placeholders = type === 'deploy.rollback' && key === 'command' ? ['revision'] : [];
      return argv.length > 0 ? [{ path: [...at, 'actions', type, key], argv, placeholders }] : [];
    }),
  );
}

/** A placeholder that nothing replaces would reach the program as it stands, in the middle of an incident. */
function checkPlaceholders(at: Path, argv: readonly unknown[], known: readonly string[]): readonly FoundFault[] {
  return argv.flatMap((part, index) => {
    return (isText(part) ? listPlaceholders(part) : [])
      .filter((word) => !known.includes(word))
      .map((word) => ({ path: [...at, index], message: tellPlaceholder(word, known) }));
  });
}

function tellPlaceholder(word: string, [only]: readonly string[]): string {
  if (only !== undefined) return `has {${word}}, which is no placeholder; did you mean {${only}}?`;
  return `has {${word}}, and nothing is replaced in this command; leave it out`;
}

function checkWebhooks(webhooks: Mapping): readonly FoundFault[] {
  return Object.entries(webhooks).flatMap(([sender, value]) => {
    const credentials = asMapping(value);
    if (credentials['bearer'] !== undefined || credentials['basic'] !== undefined) return [];
    return [
      {
        path: ['gateway', 'webhooks', sender],
        message: `has no credentials, so anybody could open incidents; write bearer: { env: ALERTMANAGER_BEARER_TOKEN } or basic`,
      },
    ];
  });
}

const isEmptyMapping = (value: unknown): boolean => isMapping(value) && Object.keys(value).length === 0;
