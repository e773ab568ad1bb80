import type { Alert } from '../domain/incident/alert.ts';
import type { TimeWindow } from '../domain/evidence/evidence.ts';
import type { Timings } from '../domain/settings.ts';

export interface IncidentWindow {
  /** Baseline and incident together. */
  readonly window: TimeWindow;
  /** Changes and deploys are looked for further back. */
  readonly changesWindow: TimeWindow;
  readonly incidentFrom: string;
}

/** Where to look: from before the earliest alert until now (`nowMs`, epoch milliseconds). */
export function incidentWindow(
  alerts: readonly Alert[],
  openedAt: string,
  timings: Timings,
  nowMs: number,
): IncidentWindow {
  const starts = alerts.map((alert) => Date.parse(alert.startsAt)).filter((time) => Number.isFinite(time));
  const beganMs = Math.min(Date.parse(openedAt), ...starts);
  const incidentFromMs = beganMs - timings.lookbackMs;
  const iso = (ms: number): string => new Date(ms).toISOString();
  return {
    window: { from: iso(incidentFromMs - timings.baselineMs), to: iso(nowMs) },
    changesWindow: { from: iso(beganMs - timings.changesMs), to: iso(nowMs) },
    incidentFrom: iso(incidentFromMs),
  };
}
