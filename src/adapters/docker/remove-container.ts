import { setTimeout as delay } from 'node:timers/promises';
import type { Container } from 'dockerode';
import { statusOf } from './engine.ts';

export interface RemovalLogger {
  warn(details: object, message: string): void;
}

const goneLimitMs = 10_000;
const goneEveryMs = 50;

/** Ends every process of a container and removes it. Settles when it is gone; never rejects, for the reaper tries again. */
export async function removeContainer(container: Container, logger: RemovalLogger): Promise<void> {
  try {
    await removeAndWait(container);
  } catch (error) {
    logger.warn(
      { containerId: container.id, error: error instanceof Error ? error.message : String(error) },
      'A sandbox could not be removed; the reaper will try again.',
    );
  }
}

/** As above, and rejects when it is not gone at the end. */
export async function removeAndWait(container: Container): Promise<void> {
  const endsAt = Date.now() + goneLimitMs;
  for (;;) {
    try {
      await container.remove({ force: true, v: true });
      return;
    } catch (error) {
      if (statusOf(error) === 404) return;
      // 409: another removal is at work; its end is ours.
      if (statusOf(error) !== 409 || Date.now() > endsAt) throw error;
      await delay(goneEveryMs);
    }
  }
}
