/** One notification from a monitoring system, normalised. Labels and annotations are text that an attacker may have written. */
export interface Alert {
  /** Stable across repeats of the same notification: sender, fingerprint, start and status. */
  readonly id: string;
  readonly sender: string;
  readonly fingerprint: string;
  readonly status: 'firing' | 'resolved';
  readonly name: string;
  readonly service: string;
  readonly severity: Severity;
  readonly summary: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** ISO time at which the condition began, as the sender tells it. */
  readonly startsAt: string;
  readonly endsAt?: string;
  readonly receivedAt: string;
  /** The sender's own expression where it tells it (Prometheus: `g0.expr` of the generator URL). */
  readonly expression?: string;
  readonly generatorUrl?: string;
  /** How many alerts of the same notification the sender left out. */
  readonly truncatedAlerts?: number;
}

export type Severity = 'critical' | 'warning' | 'info';

const severityRank: Readonly<Record<Severity, number>> = { info: 0, warning: 1, critical: 2 };

/** The graver of two severities. */
export function graverSeverity(a: Severity, b: Severity): Severity {
  return severityRank[a] >= severityRank[b] ? a : b;
}

/** What becomes of an alert that reaches an open incident. */
export type AlertReception = 'new' | 'repeat' | 'resolved';

/**
 * Recognises repeats: a sender repeats a notification on its interval, and in pairs when it is highly available.
 * `seen` holds the ids of alerts already taken.
 */
export function receiveAlert(seen: readonly string[], alert: Alert): AlertReception {
  if (seen.includes(alert.id)) return 'repeat';
  return alert.status === 'resolved' ? 'resolved' : 'new';
}
