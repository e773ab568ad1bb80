/** Upper bounds in seconds, as Prometheus' own client libraries have them. */
const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export interface GatewayMetrics {
  countWebhook(sender: string, code: number, seconds: number): void;
  countAlerts(sender: string, service: string, status: 'firing' | 'resolved', alerts: number): void;
  countDecision(status: string): void;
  /** Prometheus' text format, version 0.0.4. */
  render(): string;
}

/** The gateway's own figures. Three counters and a histogram do not need a library. */
export function createMetrics(): GatewayMetrics {
  const webhooks = createCounter('resident_gateway_webhooks_total', 'Webhooks answered, by sender and HTTP code.');
  const alerts = createCounter('resident_gateway_alerts_total', 'Alerts put into the history of an incident.');
  const decisions = createCounter('resident_gateway_decisions_total', 'Decisions by what became of them.');
  const latency = createHistogram('resident_gateway_webhook_seconds', 'Seconds from a webhook to its answer.');
  return {
    countWebhook: (sender, code, seconds) => {
      webhooks.add({ sender, code: String(code) }, 1);
      latency.observe(seconds);
    },
    countAlerts: (sender, service, status, count) => alerts.add({ sender, service, status }, count),
    countDecision: (status) => decisions.add({ status }, 1),
    render: () => [webhooks, alerts, decisions, latency].map((metric) => metric.render()).join(''),
  };
}

function createCounter(name: string, help: string) {
  const values = new Map<string, number>();
  return {
    add: (labels: Readonly<Record<string, string>>, by: number) => {
      const key = Object.entries(labels)
        .map(([label, value]) => `${label}="${escape(value)}"`)
        .join(',');
      values.set(key, (values.get(key) ?? 0) + by);
    },
    render: () =>
      `# HELP ${name} ${help}\n# TYPE ${name} counter\n` +
      [...values].map(([labels, value]) => `${name}{${labels}} ${value}\n`).join(''),
  };
}

function createHistogram(name: string, help: string) {
  const counts = buckets.map(() => 0);
  let sum = 0;
  let count = 0;
  return {
    observe: (seconds: number) => {
      buckets.forEach((bound, index) => {
        if (seconds <= bound) counts[index] = (counts[index] ?? 0) + 1;
      });
      sum += seconds;
      count += 1;
    },
    render: () =>
      `# HELP ${name} ${help}\n# TYPE ${name} histogram\n` +
      buckets.map((bound, index) => `${name}_bucket{le="${bound}"} ${counts[index]}\n`).join('') +
      `${name}_bucket{le="+Inf"} ${count}\n${name}_sum ${sum}\n${name}_count ${count}\n`,
  };
}

function escape(value: string): string {
  return value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
}
