import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Alert, Severity } from '../domain/incident/alert.ts';

const texts = z.record(z.string(), z.string());

/** Alertmanager's webhook, version 4 (prometheus.io, "webhook_config"). Unknown keys are passed over: newer ones add some. */
const notificationSchema = z.object({
  version: z.literal('4', { error: 'must be "4", the version of the Alertmanager webhook that is understood' }),
  status: z.enum(['firing', 'resolved']),
  truncatedAlerts: z.int().min(0).default(0),
  alerts: z
    .array(
      z.object({
        status: z.enum(['firing', 'resolved']),
        labels: texts,
        annotations: texts.default({}),
        startsAt: z.iso.datetime({ offset: true }),
        endsAt: z.iso.datetime({ offset: true }).optional(),
        generatorURL: z.string().default(''),
        fingerprint: z.string().min(1).max(200).optional(),
      }),
    )
    .min(1)
    .max(5_000),
});

type SentAlert = z.output<typeof notificationSchema>['alerts'][number];

/** An alert without its service yet. */
export type UnmappedAlert = Omit<Alert, 'service'>;

export type NotificationResult =
  { readonly ok: true; readonly alerts: readonly UnmappedAlert[] } | { readonly ok: false; readonly reason: string };

/** Turns a notification of Alertmanager into alerts. `truncatedAlerts` says how many the sender left out. */
export function readAlertmanager(body: unknown, receivedAt: string): NotificationResult {
  const parsed = notificationSchema.safeParse(body);
  if (!parsed.success) {
    const faults = parsed.error.issues
      .slice(0, 10)
      .map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`);
    return { ok: false, reason: `This is not an Alertmanager notification. ${faults.join('; ')}` };
  }
  const { alerts, truncatedAlerts } = parsed.data;
  return { ok: true, alerts: alerts.map((alert) => normaliseAlert(alert, receivedAt, truncatedAlerts)) };
}

/** Text of alerts stays in histories for ever; what no person would read to its end is cut. */
const maxTextLength = 4_000;

function normaliseAlert(sent: SentAlert, receivedAt: string, truncatedAlerts: number): UnmappedAlert {
  const sender = 'alertmanager';
  const labels = cutTexts(sent.labels);
  const annotations = cutTexts(sent.annotations);
  const name = labels['alertname'] ?? 'alert';
  const fingerprint = sent.fingerprint ?? sha256(JSON.stringify(Object.entries(sent.labels).sort()));
  const expression = readExpression(sent.generatorURL);
  return {
    // Without the end: an HA pair tells slightly different ends of the same alert.
    id: sha256([sender, fingerprint, sent.startsAt, sent.status].join('|')),
    sender,
    fingerprint,
    status: sent.status,
    name,
    severity: readSeverity(labels['severity'] ?? labels['priority']),
    summary: annotations['summary'] ?? annotations['description'] ?? annotations['message'] ?? name,
    labels,
    annotations,
    startsAt: new Date(sent.startsAt).toISOString(),
    receivedAt,
    // While an alert fires, its end is the zero time of Go.
    ...(sent.endsAt && !sent.endsAt.startsWith('0001-') ? { endsAt: new Date(sent.endsAt).toISOString() } : {}),
    ...(expression === undefined ? {} : { expression }),
    ...(sent.generatorURL === '' ? {} : { generatorUrl: sent.generatorURL.slice(0, maxTextLength) }),
    ...(truncatedAlerts > 0 ? { truncatedAlerts } : {}),
  };
}

function cutTexts(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, value.slice(0, maxTextLength)]));
}

/** Prometheus puts the rule's expression into the link to its graph page. */
function readExpression(generatorUrl: string): string | undefined {
  if (!URL.canParse(generatorUrl)) return undefined;
  return new URL(generatorUrl).searchParams.get('g0.expr')?.trim() || undefined;
}

/** The words for severities that rules in the wild use; an unknown word is a warning. */
const severityWords: Readonly<Record<Exclude<Severity, 'warning'>, readonly string[]>> = {
  critical: ['critical', 'page', 'emergency', 'fatal', 'error', 'high', 'p1'],
  info: ['info', 'informational', 'none', 'low', 'p4', 'p5'],
};

function readSeverity(word = ''): Severity {
  const lower = word.toLowerCase();
  if (severityWords.critical.includes(lower)) return 'critical';
  return severityWords.info.includes(lower) ? 'info' : 'warning';
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
