import { setTimeout as wait } from 'node:timers/promises';
import { webhookToken } from './stage.ts';

/** What Alertmanager sends of one alert on `checkout`; the same bytes each time it sends it again. */
export function describeAlert(status: 'firing' | 'resolved', brokeAt: string): unknown {
  const labels = { alertname: 'CheckoutErrors', service: 'checkout', severity: 'critical' };
  const annotations = { summary: 'checkout answers too many requests with errors' };
  const endsAt = status === 'resolved' ? new Date().toISOString() : '0001-01-01T00:00:00Z';
  const alert = { status, labels, annotations, startsAt: brokeAt, endsAt, generatorURL: '', fingerprint: 'c0ffee' };
  return { version: '4', status, truncatedAlerts: 0, alerts: [alert] };
}

export interface SendAnswer {
  readonly status: number;
  readonly incidents: readonly { readonly incidentId: string; readonly runId: string }[];
}

/** One attempt. @throws when the connection ends without an answer. */
export async function sendOnce(address: string, body: unknown): Promise<SendAnswer> {
  const response = await fetch(`${address}/webhooks/alertmanager`, {
    method: 'POST',
    headers: { authorization: `Bearer ${webhookToken}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as Partial<SendAnswer>;
  return { status: response.status, incidents: answer.incidents ?? [] };
}

/** Sends until it is accepted, as Alertmanager does: again after a broken connection and after a 5xx. */
export async function sendUntilAccepted(address: string, body: unknown, limitMs = 60_000): Promise<SendAnswer> {
  const end = Date.now() + limitMs;
  for (;;) {
    const answer = await sendOnce(address, body).catch(() => undefined);
    if (answer?.status === 202) return answer;
    if (answer && answer.status < 500)
      throw new Error(`The gateway answered ${answer.status}; a sender would give up.`);
    if (Date.now() > end)
      throw new Error(`Not accepted within ${limitMs / 1000} s; last: ${answer?.status ?? 'no answer'}`);
    await wait(200);
  }
}
