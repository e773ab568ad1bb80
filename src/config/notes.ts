import type { FoundFault } from './check-references.ts';
import { asList, asMapping, isText, type Mapping } from './raw.ts';

/** What the file allows and probably does not mean. It reads the raw file, so that faults elsewhere hide no note. */
export function listNotes(raw: unknown): readonly FoundFault[] {
  const file = asMapping(raw);
  const webhooks = asMapping(asMapping(file['gateway'])['webhooks']);
  return [
    ...(Object.keys(webhooks).length === 0
      ? [
          {
            path: ['gateway', 'webhooks'],
            message: 'is absent: nobody can send alerts; only `resident open` opens incidents',
          },
        ]
      : []),
    ...asList(file['people']).flatMap((person, index) => {
      const { name, token } = asMapping(person);
      if (!isText(name) || token !== undefined) return [];
      return [
        {
          path: ['people', index],
          message: `(${name}) has no token, and can decide through the CLI and Temporal only`,
        },
      ];
    }),
    ...Object.entries(asMapping(file['services'])).flatMap(([name, entry]) =>
      noteService(name, asMapping(entry), file['traces'] !== undefined),
    ),
  ];
}

function noteService(name: string, entry: Mapping, hasTraces: boolean): readonly FoundFault[] {
  const at = ['services', name];
  const notes: FoundFault[] = [];
  if (entry['source'] === undefined) {
    notes.push({
      path: [...at, 'source'],
      message: 'is absent: changes cannot be read, and nothing can be reproduced',
    });
  }
  if (asList(entry['logs']).length === 0) {
    notes.push({ path: [...at, 'logs'], message: 'is absent: the diagnosis must do without logs' });
  }
  if (entry['traces'] !== undefined && !hasTraces) {
    notes.push({
      path: [...at, 'traces'],
      message:
        'says how its traces are found, and nothing says where: write traces: { jaeger: { url: … } } beside `services`',
    });
  }
  const rollback = asMapping(entry['actions'])['deploy.rollback'];
  if (rollback !== undefined && asMapping(rollback)['current'] === undefined && entry['deploys'] === undefined) {
    notes.push({
      path: [...at, 'actions', 'deploy.rollback'],
      message:
        'has neither `current` nor `deploys.file`, which tell what runs now, so it could not be undone and is never proposed',
    });
  }
  return notes;
}
