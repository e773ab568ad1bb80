import { sleep } from '@temporalio/workflow';
import { judgeWatch, type Reading, type WatchVerdict } from '../domain/plan/remediation.ts';
import { rethrowCancellation, rootMessage } from './failures.ts';
import { observeProxy } from './proxies.ts';
import type { RemediationInput } from './remediation.ts';

/** Re-reads the alert's own condition and the objectives over the watch window. New readings are added to `readings`, and told by `onReading`. */
export async function watch(
  input: RemediationInput,
  readings: Reading[],
  onReading: () => void,
): Promise<WatchVerdict> {
  const { timings } = input;
  const rounds = Math.max(1, timings.watchReadings);
  for (let round = 1; round <= rounds; round += 1) {
    await sleep(Math.ceil(timings.watchMs / rounds), { summary: `Watching, reading ${round} of ${rounds}` });
    readings.push(...(await read(input)));
    onReading();
    const verdict = judgeWatch(readings, round === rounds);
    if (verdict !== 'open') return verdict;
  }
  return judgeWatch(readings, true);
}

/** A monitoring system that is down while we watch is an unknown reading, not a reason to undo. */
async function read(input: RemediationInput): Promise<readonly Reading[]> {
  const { readConditions } = observeProxy(input.timings);
  try {
    return await readConditions.executeWithOptions({ summary: 'Read the alert and the objectives' }, [
      { services: input.watchedServices, alerts: input.alerts },
    ]);
  } catch (error) {
    rethrowCancellation(error);
    return [
      {
        at: new Date(Date.now()).toISOString(),
        name: 'conditions',
        expression: '',
        value: null,
        threshold: rootMessage(error),
        state: 'unknown',
      },
    ];
  }
}
