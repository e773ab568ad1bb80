import type { Alert } from '../src/domain/incident/alert.ts';
import { readAlertmanager } from '../src/gateway/alertmanager.ts';

/** A body as Alertmanager 0.28 sends it for a group of one alert; each `index` is another alert. */
export function renderNotification(service: string, index: number): string {
  const labels = {
    alertname: 'ErrorRatioHigh',
    instance: `10.0.${index >> 8}.${index & 255}:8080`,
    job: 'shop',
    pod: `${service}-${index}`,
    service,
    severity: 'critical',
  };
  const annotations = {
    description: `More than 5 % of the requests to ${service} have failed for a minute.`,
    runbook_url: `https://runbooks.example.com/${service}/error-ratio`,
    summary: `${service} answers with errors`,
  };
  return JSON.stringify({
    receiver: 'resident',
    status: 'firing',
    alerts: [
      {
        status: 'firing',
        labels,
        annotations,
        startsAt: '2026-11-21T09:00:00.123Z',
        endsAt: '0001-01-01T00:00:00Z',
        generatorURL:
          'http://prometheus.example.com:9090/graph?g0.expr=sum%28rate%28http_requests_total%7Bcode%3D~%225..%22%7D%5B1m%5D%29%29+%2F+sum%28rate%28http_requests_total%5B1m%5D%29%29+%3E+0.05&g0.tab=1',
        fingerprint: (index + 0x1000_0000).toString(16).padStart(16, '0'),
      },
    ],
    groupLabels: { alertname: 'ErrorRatioHigh', service },
    commonLabels: labels,
    commonAnnotations: annotations,
    externalURL: 'http://alertmanager.example.com:9093',
    version: '4',
    groupKey: `{}:{alertname="ErrorRatioHigh", service="${service}"}`,
    truncatedAlerts: 0,
  });
}

/** The same alert as the gateway writes it into a history, so that both programs send the same bytes to Temporal. */
export function createBenchAlert(service: string, index: number): Alert {
  const read = readAlertmanager(JSON.parse(renderNotification(service, index)), new Date().toISOString());
  const [alert] = read.ok ? read.alerts : [];
  if (!alert) throw new Error('The gateway does not read the notifications of the bench.');
  return { ...alert, service };
}
