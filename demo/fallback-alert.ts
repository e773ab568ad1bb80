import { ALERT_NAME } from './monitoring.ts';
import type { Shop } from './run-shop.ts';

const THRESHOLD = 0.2;

interface Sample {
  readonly at: number;
  readonly all: number;
  readonly failed: number;
}

export interface FallbackTimings {
  readonly windowMs: number;
  readonly holdMs: number;
  readonly everyMs: number;
}

export interface FallbackAlert {
  readonly stop: () => void;
}

/**
 * Stands in for Prometheus and Alertmanager where they are absent: reads order-service's own /metrics each second, judges
 * the same condition, and posts the same webhook when the alert begins to fire and when it is resolved. It says that it
 * does so, through `say`. There is no metric history for Resident to query in this case.
 */
export function startFallbackAlert(options: {
  shop: Shop;
  webhook: { url: string; token: string };
  say: (line: string) => void;
  /** The window of the ratio, how long it must be high, and the time between two looks, as in rules.yml by default. */
  timings?: FallbackTimings;
}): FallbackAlert {
  const { shop, webhook, say, timings = { windowMs: 10_000, holdMs: 3_000, everyMs: 1_000 } } = options;
  let samples: readonly Sample[] = [];
  let aboveSince: number | undefined;
  let firingSince: string | undefined;
  say('Prometheus and Alertmanager are absent: the demo itself reads /metrics of order-service and sends the alert.');

  const look = async (): Promise<void> => {
    const sample = await readSample(shop.ports['order-service']);
    if (!sample) return;
    samples = keepWindow(samples, sample, timings.windowMs);
    const ratio = ratioOf(samples);
    const isHigh = ratio > THRESHOLD;
    aboveSince = isHigh ? (aboveSince ?? sample.at) : undefined;
    const isFiring = aboveSince !== undefined && sample.at - aboveSince >= timings.holdMs;
    if (isFiring && firingSince === undefined) {
      const startsAt = new Date(sample.at).toISOString();
      if (await post(webhook, describeAlert('firing', startsAt, ratio), say)) firingSince = startsAt;
    } else if (!isHigh && firingSince !== undefined) {
      if (await post(webhook, describeAlert('resolved', firingSince, ratio), say)) firingSince = undefined;
    }
  };

  let isLooking = false;
  const ticker = setInterval(() => {
    if (isLooking) return;
    isLooking = true;
    void look().finally(() => (isLooking = false));
  }, timings.everyMs);
  return { stop: () => clearInterval(ticker) };
}

/** The samples of the window; a counter that went back means a restart, and counting begins anew. */
function keepWindow(samples: readonly Sample[], sample: Sample, windowMs: number): readonly Sample[] {
  const last = samples.at(-1);
  if (last && sample.all < last.all) return [sample];
  return [...samples.filter(({ at }) => sample.at - at <= windowMs), sample];
}

function ratioOf(samples: readonly Sample[]): number {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last || last.all === first.all) return 0;
  return (last.failed - first.failed) / (last.all - first.all);
}

async function readSample(port: number): Promise<Sample | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/metrics`, { signal: AbortSignal.timeout(1000) });
    const text = await response.text();
    const counts = [...text.matchAll(/^http_requests_total\{.*code="(\d)\d\d"\} (\d+)/gm)];
    const sum = (rows: typeof counts) => rows.reduce((total, row) => total + Number(row[2]), 0);
    return { at: Date.now(), all: sum(counts), failed: sum(counts.filter((row) => row[1] === '5')) };
  } catch {
    // A service that is being restarted answers again at the next look.
    return undefined;
  }
}

/** The body of Alertmanager's webhook, version 4 (https://prometheus.io/docs/alerting/latest/configuration/#webhook_config). */
function describeAlert(status: 'firing' | 'resolved', startsAt: string, ratio: number): unknown {
  const labels = { alertname: ALERT_NAME, service: 'order-service', severity: 'critical' };
  const annotations = {
    summary: 'order-service answers too many requests with errors',
    description: `${(ratio * 100).toFixed(1)}% of the requests of the last ten seconds were answered with 5xx.`,
  };
  const endsAt = status === 'resolved' ? new Date().toISOString() : '0001-01-01T00:00:00Z';
  const alert = { status, labels, annotations, startsAt, endsAt, generatorURL: '', fingerprint: 'fa11bac400000001' };
  return {
    version: '4',
    groupKey: '{}:{service="order-service"}',
    truncatedAlerts: 0,
    status,
    receiver: 'resident',
    groupLabels: { service: 'order-service' },
    commonLabels: labels,
    commonAnnotations: annotations,
    externalURL: '',
    alerts: [alert],
  };
}

/** Like Alertmanager, it tries again at the next look when the answer is not a 2xx. */
async function post(
  webhook: { url: string; token: string },
  body: unknown,
  say: (line: string) => void,
): Promise<boolean> {
  try {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${webhook.token}` };
    const init = { method: 'POST', headers, body: JSON.stringify(body), signal: AbortSignal.timeout(5000) };
    const response = await fetch(webhook.url, init);
    if (!response.ok) say(`The webhook answered ${response.status}; trying again.`);
    return response.ok;
  } catch (error) {
    say(`The webhook could not be reached (${(error as Error).message}); trying again.`);
    return false;
  }
}
