import type { Client } from '@temporalio/client';
import { createCloseCase } from '../activities/resident/close-case.ts';
import type { ResidentActivities } from '../activities/contract.ts';
import { createNotifyPeople } from '../activities/resident/notify-people.ts';
import { createOpenCase } from '../activities/resident/open-case.ts';
import { createProposePlan } from '../activities/resident/propose-plan.ts';
import { createRecallLessons } from '../activities/resident/recall-lessons.ts';
import { createActionJournal } from '../adapters/action-journal.ts';
import { sealPlan } from '../adapters/canonical-json.ts';
import { createPolicy } from '../adapters/cedar.ts';
import { createConfigRepository } from '../adapters/config-repository.ts';
import { createFindPreviousRun } from '../adapters/incident-runs.ts';
import { createLessonStore } from '../adapters/lesson-store.ts';
import { createNotifier } from '../adapters/notifier.ts';
import { createReportStore } from '../adapters/report-store.ts';
import { resolveSecret } from '../config.ts';
import type { WorkerParts } from './parts.ts';

/** Queue `resident`: our own disk, the lessons repository and the webhooks that tell people. */
export async function createResidentActivities(parts: WorkerParts, client: Client): Promise<ResidentActivities> {
  const { settings, currentSettings, store, redact, log, environment, stateFolder } = parts;
  const lessons = createLessonStore({ repository: settings.lessonsRepository, environment });
  const notifier = createNotifier({ urls: settings.notifyUrls.map((reference) => () => resolveSecret(reference)) });
  const journal = createActionJournal(stateFolder('actions'));
  return {
    openCase: createOpenCase({
      readSettings: currentSettings,
      findPreviousRun: createFindPreviousRun({ client, log }),
    }),
    recallLessons: createRecallLessons({ lessons, store }),
    proposePlan: createProposePlan({
      settings: currentSettings,
      readBody: (digest) => store.getBody(digest),
      policy: await createPolicy(),
      sealPlan,
      holdsCommit: (repository, commit) => createConfigRepository(environment).holdsCommit(repository, commit),
      countActionsSince: (target, since) => journal.countSince(target, since),
    }),
    notifyPeople: createNotifyPeople({ notifier, redact, log }),
    closeCase: createCloseCase({
      lessons,
      reports: createReportStore({ folder: stateFolder('reports') }),
      redact,
      log,
    }),
  };
}
