import { waitUntil } from '../src/setup/wait-until.ts';

/** Polls until a condition holds; there is no sleeping for a guessed time. @throws when it does not hold within the limit. */
export async function until(
  what: string,
  isTrue: () => boolean | Promise<boolean>,
  limitMs = 60_000,
  everyMs = 20,
): Promise<void> {
  if (await waitUntil(isTrue, { limitMs, everyMs })) return;
  throw new Error(`Waited ${limitMs} ms in vain until ${what}.`);
}
