import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { describe, expect, inject, it } from 'vitest';
import * as workflows from '../../src/workflows/index.ts';

// Recorded histories of every release replay on today's workflow code; a change that would break a running incident fails here.

const root = path.join(import.meta.dirname, '..', 'histories');
const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.json'));

Runtime.install({ logger: new DefaultLogger('ERROR') });

interface RecordedEvent {
  activityTaskScheduledEventAttributes?: { activityType: { name: string } };
}

const read = (file: string): { events: RecordedEvent[] } =>
  JSON.parse(readFileSync(path.join(root, file), 'utf8')) as { events: RecordedEvent[] };
const replay = (history: unknown): Promise<void> =>
  Worker.runReplayHistory({ workflowBundle: { codePath: inject('workflowBundle') } }, history, 'incident/replayed');

describe('recorded histories', () => {
  it('exist for each workflow', () => {
    for (const kind of Object.keys(workflows)) {
      expect(
        files.some((file) => new RegExp(`\\.${kind}(-\\d+)?\\.json$`).test(file)),
        kind,
      ).toBe(true);
    }
  });

  it.each(files)('%s replays', async (file) => {
    await expect(replay(read(file))).resolves.toBeUndefined();
  });

  it.each(files.filter((file) => file.includes('approved-by-signal')))(
    '%s does not replay once an activity in it has another name',
    async (file) => {
      const history = read(file);
      const scheduled = history.events.findLast((event) => event.activityTaskScheduledEventAttributes);
      expect(scheduled).toBeDefined();
      if (scheduled?.activityTaskScheduledEventAttributes) {
        scheduled.activityTaskScheduledEventAttributes.activityType.name = 'somethingElse';
      }
      await expect(replay(history)).rejects.toThrow(/TMPRL1100|Nondeterminism/i);
    },
  );
});
