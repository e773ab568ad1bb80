import { z } from 'zod';
import { choice, count, fieldsOf, level, listOf, mapOf, measured, number, record, text, time, word } from './fields.ts';

// One record a line. What a file's name tells already, its service, may be left out.

const service = word('The service; the one that the file is named after where it is absent.', 'cart').exactOptional();
const fields = fieldsOf('What else it carries, by name.');
const by = text('Who did it.').exactOptional();

export const levels = ['debug', 'info', 'warn', 'error'] as const;

export const logRecord = record(
  {
    at: time('When it was written.'),
    level: level('How grave; where it is absent, what the words suggest.').exactOptional(),
    message: text('What was written, with its stack trace where it has one.'),
    fields: fields.default({}),
  },
  'One log line: logs/<service>.ndjson.',
);

export const metricRecord = record(
  {
    name: word('What is measured, in words or as the metric is called.', 'http_request_duration_seconds p99'),
    expression: text('The query that gave it.').exactOptional(),
    labels: mapOf(z.string(), 'Labels of the series.').default({}),
    points: listOf(
      z.tuple([time('When.'), measured], { error: 'is no pair; write ["2026-11-21T09:26:00Z", 0.25]' }),
      'Pairs of time and value, oldest first.',
    ),
  },
  'One series: metrics/<service>.ndjson.',
);

export const spanRecord = record(
  {
    traceId: word('Id of the trace.', '4bf92f3577b34da6a3ce929d0e0e4736'),
    id: word('Id of the span.', '00f067aa0ba902b7'),
    parentId: word('Id of the span that it belongs to; absent for the root.', '53ce929d0e0e4736').exactOptional(),
    service,
    name: text('Name of the operation.'),
    kind: choice(
      ['server', 'client', 'producer', 'consumer', 'internal'],
      'As OpenTelemetry names it.',
    ).exactOptional(),
    at: time('When it began.'),
    durationMs: number('How long it took, in milliseconds.', 0),
    status: choice(['ok', 'error', 'unset'], 'How it ended.').default('unset'),
    fields: fields.default({}),
  },
  'One span: traces/<service>.ndjson.',
);

export const changeRecord = record(
  {
    id: word('The full SHA.', '9fceb02d0ae598e95dc970b74767f19372d61af8'),
    service,
    author: text('Who wrote it.').default(''),
    at: time('When it was committed.'),
    subject: text('First line of the message.'),
    body: text('The rest of the message.').default(''),
    files: listOf(
      record({ path: word('Path in the repository.', 'src/cart.js'), diff: text('Unified diff.') }, 'One file.'),
      'What it changed.',
    ).default([]),
    parent: word('SHA of the first parent.', 'e83c5163316f89bfbde7d9ab23ca2e25604af290').exactOptional(),
  },
  'One commit: changes/<service>.ndjson.',
);

export const deployRecord = record(
  {
    id: word('Id of the deploy; service and place in the file where it is absent.', 'deploy-4711').exactOptional(),
    service,
    revision: word('What was deployed: a SHA or a tag.', 'v2.4.1'),
    commit: word('SHA of the commit that the revision names.', '9fceb02d0ae598e9').exactOptional(),
    previous: word('What ran before.', 'v2.4.0').exactOptional(),
    at: time('When.'),
    by,
    image: text('The image.').exactOptional(),
    status: choice(['succeeded', 'failed', 'running'], 'How it went.').default('succeeded'),
  },
  'One deploy: deploys/<service>.ndjson.',
);

export const flagRecord = record(
  {
    id: word('Id of the change; flag and time where it is absent.', 'flag-17').exactOptional(),
    service,
    flag: word('Name of the flag or setting.', 'new-checkout'),
    at: time('When it was changed.'),
    from: text('Its value before.').exactOptional(),
    to: text('Its value after.').exactOptional(),
    by,
  },
  'One change of a flag: flags/<service>.ndjson.',
);

export const eventRecord = record(
  {
    at: time('When it was first seen.'),
    lastAt: time('When it was last seen.').exactOptional(),
    count: count('How often it was seen.', 1).exactOptional(),
    severity: choice(['info', 'warn', 'error'], 'How grave.').default('info'),
    object: text('What it is about.'),
    reason: text("The platform's own word for it.").exactOptional(),
    message: text('What it says.'),
  },
  'One event of the platform: events/<service>.ndjson.',
);

export const sourceRecord = record(
  {
    path: word("Path below the service's folder.", 'src/total.js'),
    revision: word('Full SHA.', '3f2a'),
    fromLine: count('Number of the first line.', 1),
    text: text('The lines.'),
    why: text('Why they are shown.'),
  },
  "Lines of a file of the service's source: source/<service>.ndjson.",
);

export const lessonRecord = record(
  {
    id: word('Name of the lesson.', '2026-11-02-cart'),
    incidentId: text('The incident that taught it.'),
    runId: text('Its run.'),
    closedAt: time('When it was closed.'),
    alertName: text('The alert.'),
    alertService: text('The service that alerted.'),
    causeService: text('The service at fault.'),
    category: text('Category of the cause.'),
    change: text('The change at fault, or `none`.'),
    outcome: text('How it ended.'),
    signatures: listOf(z.string(), 'Log templates that marked the failure.'),
    fix: text('What helped.'),
    text: text('The lesson.'),
  },
  'One past lesson: lessons/<service>.ndjson.',
);

export const alertRecord = record(
  {
    id: word('Id of the alert.', 'alert-1').exactOptional(),
    sender: text('Who sent it.').default('bundle'),
    fingerprint: text("The sender's own mark.").default(''),
    status: choice(['firing', 'resolved'], 'Its state.').default('firing'),
    name: word('Name of the alert.', 'HighErrorRate'),
    service,
    severity: choice(['critical', 'warning', 'info'], 'How grave.').default('critical'),
    summary: text('What it says.').default(''),
    labels: mapOf(z.string(), 'Labels.').default({}),
    annotations: mapOf(z.string(), 'Annotations.').default({}),
    startsAt: time('When the condition began, as the sender tells it.'),
    endsAt: time('When it ended.').exactOptional(),
    receivedAt: time('When it was received.').exactOptional(),
    expression: text('The condition.').exactOptional(),
    generatorUrl: text('Where the condition can be looked at.').exactOptional(),
    truncatedAlerts: count('How many alerts of the notification the sender left out.', 0).exactOptional(),
  },
  'One alert: alerts.ndjson.',
);
