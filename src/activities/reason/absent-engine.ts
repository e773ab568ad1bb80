import type { Engine } from '../../domain/diagnosis/engine.ts';

/**
 * In the place of an engine that the settings name and that cannot work here: every step says why, so that the fallback answers and its
 * diagnosis tells people under `missing` what they had asked for.
 */
export function createAbsentEngine(name: string, why: string): Engine {
  return { name, step: () => Promise.reject(new Error(why)) };
}
