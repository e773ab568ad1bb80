import { statSync } from 'node:fs';
import path from 'node:path';
import type { AllActivities } from '../activities/contract.ts';
import { createEvidenceStore, type EvidenceStore } from '../adapters/evidence-store.ts';
import { listKnownSecrets, loadSettings, readVariable } from '../config.ts';
import { createRedact, type Redact } from '../domain/redaction.ts';
import type { ResidentSettings } from '../domain/settings.ts';
import type { Logger } from '../logger.ts';

/** What every role is built from; none of it is a credential. */
export interface WorkerParts {
  /** As read when the worker started. */
  readonly settings: ResidentSettings;
  /** As it stands now: a changed mode holds at once. An edit that is not valid leaves the last good one in force. */
  readonly currentSettings: () => ResidentSettings;
  readonly store: EvidenceStore;
  readonly redact: Redact;
  readonly logger: Logger;
  readonly log: (message: string, fields: Record<string, unknown>) => void;
  /** What commands and Git see of our environment: never a secret of ours. */
  readonly environment: Readonly<Record<string, string>>;
  readonly stateFolder: (name: string) => string;
}

export type RoleActivities = Partial<AllActivities>;

/** @param options.knowsSecrets false for the worker that holds the Docker socket: it has no other secret, not even to take it out of texts. */
export function createParts(
  configFile: string,
  logger: Logger,
  { knowsSecrets }: { readonly knowsSecrets: boolean },
): WorkerParts {
  // A role holds only its own credentials: secrets are resolved where they are used, and `resident up` has checked them all.
  const settings = loadSettings(configFile, { secrets: 'unchecked' });
  const stateFolder = (name: string): string => path.join(settings.stateFolder, name);
  const home = readVariable('HOME');
  return {
    settings,
    currentSettings: createSettingsReader(configFile, settings, logger),
    store: createEvidenceStore({ folder: stateFolder('evidence') }),
    redact: createRedact({ secrets: knowsSecrets ? listKnownSecrets(settings) : [] }),
    logger,
    log: (message, fields) => logger.info(fields, message),
    environment: { PATH: readVariable('PATH') ?? '/usr/local/bin:/usr/bin:/bin', ...(home ? { HOME: home } : {}) },
    stateFolder,
  };
}

function createSettingsReader(file: string, first: ResidentSettings, logger: Logger): () => ResidentSettings {
  let current = first;
  let readAt = statSync(file).mtimeMs;
  return () => {
    const changedAt = statSync(file).mtimeMs;
    if (changedAt === readAt) return current;
    readAt = changedAt;
    try {
      current = loadSettings(file, { secrets: 'unchecked' });
    } catch (error) {
      logger.error(
        { error: String(error) },
        'The configuration was changed and is not valid; the last good one stays.',
      );
    }
    return current;
  };
}
