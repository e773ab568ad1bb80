import type { Git } from '../../adapters/git/git.ts';
import type { Redact } from '../../domain/redaction.ts';
import type { ServiceSettings } from '../../domain/settings.ts';
import { toOneLine } from '../../domain/text.ts';
import type { ObserveActivities } from '../contract.ts';
import { isWorthRetrying } from './load-evidence.ts';

export interface LocateFailurePorts {
  readonly services: Readonly<Record<string, Pick<ServiceSettings, 'source'>>>;
  readonly git: Pick<Git, 'lastTouched'>;
  readonly redact: Redact;
}

/**
 * Makes the activity that asks Git for the commit behind a line. The line was read from the output of untrusted code: what
 * the repository does not know is left as it is, and says nothing.
 */
export function createLocateFailure({ services, git, redact }: LocateFailurePorts): ObserveActivities['locateFailure'] {
  return async ({ location }) => {
    const source = services[location.service]?.source;
    if (source === undefined) return location;
    const { revision, file, line } = location;
    const found = await git.lastTouched(source, revision, file, line).catch((error: unknown) => {
      if (isWorthRetrying(error)) throw error;
      return undefined;
    });
    if (!found) return location;
    return { ...location, file: found.file, commit: found.commit, subject: toOneLine(redact(found.subject), 120) };
  };
}
