import { setTimeout as sleep } from 'node:timers/promises';

/** Asks again and again until the answer is true; false when the limit passes first. */
export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  { limitMs, everyMs = 50 }: { readonly limitMs: number; readonly everyMs?: number },
): Promise<boolean> {
  const until = Date.now() + limitMs;
  for (;;) {
    if (await condition()) return true;
    if (Date.now() >= until) return false;
    await sleep(everyMs);
  }
}
