import { existsSync } from 'node:fs';
import path from 'node:path';
import type { ResidentSettings, ServiceSettings } from '../domain/settings.ts';
import { isGitUrl } from './normalise.ts';

/** What is allowed and probably not meant; `resident check` prints it. */
export function listWarnings(settings: ResidentSettings): readonly string[] {
  return [
    ...(Object.keys(settings.gateway.webhooks).length === 0
      ? ['gateway.webhooks: nobody can send alerts; only `resident open` opens incidents']
      : []),
    ...settings.people
      .filter((person) => !person.token)
      .map((person) => `people: ${person.name} has no token, and can decide through the CLI and Temporal only`),
    ...Object.values(settings.services).flatMap(warnAboutService),
  ];
}

function warnAboutService(service: ServiceSettings): readonly string[] {
  const warnings: string[] = [];
  const warn = (key: string, text: string) => warnings.push(`services.${service.name}.${key}: ${text}`);
  const { source, deploysFile, actions } = service;
  if (!source) warn('source', 'absent: changes cannot be read, and nothing can be reproduced');
  else if (!isGitUrl(source) && !existsSync(source)) warn('source', `${source} does not exist`);
  if (service.logs.length === 0) warn('logs', 'absent: the diagnosis must do without logs');
  if (deploysFile && !existsSync(deploysFile)) warn('deploys.file', `${deploysFile} does not exist yet`);
  const rollback = actions['deploy.rollback'];
  if (rollback && !rollback.current && !deploysFile) {
    warn('actions.deploy.rollback', 'neither `current` nor `deploys.file` tells what runs now, so it cannot be undone');
  }
  for (const [type, action] of Object.entries(actions)) {
    for (const argv of [action.command, action.current, action.reload]) {
      const program = argv?.[0];
      if (program && path.isAbsolute(program) && !existsSync(program))
        warn(`actions.${type}`, `${program} does not exist`);
    }
    if (action.repository && !existsSync(action.repository))
      warn(`actions.${type}`, `${action.repository} does not exist`);
  }
  return warnings;
}
