import { z } from 'zod';
import { findingKinds } from '../../domain/diagnosis/diagnosis.ts';
import { bundleVersion } from '../../domain/evidence/bundle.ts';
import type { EvidenceKind } from '../../domain/evidence/evidence.ts';
import { choice, count, listOf, mapOf, number, record, text, time, word } from './fields.ts';
import { bodyKinds } from './layout.ts';
import {
  alertRecord,
  changeRecord,
  deployRecord,
  eventRecord,
  flagRecord,
  lessonRecord,
  logRecord,
  metricRecord,
  sourceRecord,
  spanRecord,
} from './records.ts';

const kinds = ['alert', ...bodyKinds, 'reproduction'] as const satisfies readonly EvidenceKind[];

const window = record(
  { from: time('Inclusive.'), to: time('Exclusive.') },
  'Baseline and incident together, as far as was looked.',
);

const evidence = record(
  {
    id: word('Id that findings and the diagnosis cite.', 'cart/logs/1'),
    service: word('The service that it is about.', 'cart'),
    kind: choice(kinds, 'What it is.'),
    source: text('Where it was asked.'),
    query: text('The exact query, file pattern or command.'),
    window,
    outcome: choice(['found', 'empty', 'failed', 'refused'], '`empty` is an answer: the source had nothing.'),
    summary: text('One line for people.'),
    digest: text('SHA-256 of the body where it was stored.').exactOptional(),
    bytes: count('Size of the body where it was stored.', 0).exactOptional(),
    truncated: text('What was left out of it, and why.').exactOptional(),
    reason: text('For `failed` and `refused`: what happened.').exactOptional(),
    file: word('Where its records are, below the bundle.', 'logs/cart.ndjson').exactOptional(),
    incidentFrom: time('Where it differs from that of the bundle.').exactOptional(),
  },
  'One thing that was seen, or could not be.',
);

const claim = record(
  { text: text('The sentence.'), evidence: listOf(z.string(), 'Ids.') },
  'A sentence and its evidence.',
);

const finding = record(
  {
    id: word('Its id.', 'cart/finding/1'),
    service: text('The service.'),
    kind: choice(findingKinds, 'What it is.'),
    claim,
    firstAt: time('When it was first seen.').exactOptional(),
    weight: number('How much it tells.', 0, 1),
    pointsTo: text('Whom the failing calls went to.').exactOptional(),
    subject: text('The log template, or the commit.').exactOptional(),
    replaces: text('The revision that ran until then.').exactOptional(),
  },
  'A claim about one service.',
);

export const manifestSchema = record(
  {
    $schema: text('For editors.').exactOptional(),
    bundle: z
      .literal(bundleVersion, { error: `is no version that this program reads; write "bundle": ${bundleVersion}` })
      .meta({ description: 'Version of this format.' }),
    service: word('The service that alerted.', 'cart'),
    window,
    incidentFrom: time(
      'From when on the incident is taken to last; what lies before is the baseline. Where it is absent, when the earliest alert of the window began.',
    ).exactOptional(),
    dependencies: mapOf(listOf(z.string(), 'Whom it calls.'), 'Who calls whom: service to services.').default({}),
    evidence: listOf(evidence, 'What was collected. Files that are not named here are found by their names.').default(
      [],
    ),
    findings: listOf(finding, 'What the residents of the services reported.').default([]),
    guidance: listOf(z.string(), 'Hints of people, and the reasons of their rejections.').default([]),
    rejected: listOf(z.string(), 'What people rejected.').default([]),
    note: text('Anything for people.').exactOptional(),
  },
  'The evidence of one incident: bundle.json.',
);

export type Manifest = z.output<typeof manifestSchema>;
export type IndexEntry = Manifest['evidence'][number];

/** The JSON Schema that is published as docs/bundle.schema.json: of bundle.json, and under `$defs` of each kind of line. */
export function createBundleSchema(): Record<string, unknown> {
  const records = {
    alert: alertRecord,
    log: logRecord,
    metric: metricRecord,
    span: spanRecord,
    change: changeRecord,
    deploy: deployRecord,
    flag: flagRecord,
    event: eventRecord,
    source: sourceRecord,
    lesson: lessonRecord,
  };
  const toJson = (schema: z.ZodType) => z.toJSONSchema(schema, { io: 'input' });
  return {
    title: 'bundle.json',
    ...toJson(manifestSchema),
    $defs: Object.fromEntries(
      Object.entries(records).map(([name, schema]) => {
        const { $schema: _same, ...definition } = toJson(schema);
        return [name, definition];
      }),
    ),
  };
}
