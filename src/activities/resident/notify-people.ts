import type { Notifier } from '../../adapters/notifier.ts';
import { cleanLine, cleanText } from '../../domain/diagnosis/prompt-text.ts';
import type { ResidentActivities } from '../contract.ts';
import { toFailure } from '../failures.ts';

export interface NotifyPeopleParts {
  readonly notifier: Notifier;
  readonly redact: (text: string) => string;
  readonly log: (message: string, fields: Record<string, unknown>) => void;
}

const maxTextLength = 8_000;

/** Tells people through the configured webhooks; without any, the log tells it. The workflow's policy bounds how often. */
export function createNotifyPeople({ notifier, redact, log }: NotifyPeopleParts): ResidentActivities['notifyPeople'] {
  return async ({ incidentId, kind, text, to }) => {
    const notice = {
      kind,
      incidentId,
      text: defuse(redact(cleanText(text, maxTextLength))),
      to: to.map((name) => cleanLine(name, 100)),
    };
    if (notifier.count === 0) {
      log('Nobody is told: no webhook is configured under `notify`.', notice);
      return;
    }
    try {
      await notifier.send(notice);
    } catch (error) {
      throw toFailure(error);
    }
  };
}

/**
 * Chat programs read `<!channel>`, `<@U1>` and `@here` as calls to many people, and `<url|text>` as a link that says
 * another thing than it does. Look-alikes keep the words readable.
 */
function defuse(text: string): string {
  return text.replaceAll('<', '‹').replaceAll('>', '›').replaceAll('@', '＠');
}
