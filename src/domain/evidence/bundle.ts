import type { EngineInput } from '../diagnosis/engine.ts';
import type { TimeWindow } from './evidence.ts';

/** Version of the directory format; a reader refuses a newer one. */
export const bundleVersion = 1;

/**
 * The evidence of one incident as it lies in a bundle directory (docs/bundle.md): everything that an engine may argue from, so that
 * the investigation can be run again offline with the same answer.
 */
export interface Bundle {
  /** Baseline and incident together. */
  readonly window: TimeWindow;
  /** ISO time from which the incident is taken to last; what lies before is the baseline. */
  readonly incidentFrom: string;
  readonly input: EngineInput;
}
