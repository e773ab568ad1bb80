import { z } from 'zod';

/** Answers of the Prometheus HTTP API v1 (https://prometheus.io/docs/prometheus/latest/querying/api/); unknown fields are passed over. */
const labels = z.record(z.string(), z.string());
const sample = z.tuple([z.number(), z.string()]);

export const matrixAnswer = z.object({
  resultType: z.literal('matrix'),
  result: z.array(z.looseObject({ metric: labels, values: z.array(sample).default([]) })),
});

export const instantAnswer = z.discriminatedUnion('resultType', [
  z.object({
    resultType: z.literal('vector'),
    result: z.array(z.looseObject({ metric: labels, value: sample.optional() })),
  }),
  z.object({ resultType: z.literal('scalar'), result: sample }),
  z.object({ resultType: z.literal('string'), result: sample }),
  matrixAnswer,
]);

export const rulesAnswer = z.object({
  groups: z.array(
    z.looseObject({
      rules: z.array(
        z.looseObject({
          type: z.string().optional(),
          name: z.string(),
          query: z.string(),
          labels: labels.optional(),
        }),
      ),
    }),
  ),
});

export const envelope = z.looseObject({
  status: z.enum(['success', 'error']),
  data: z.unknown().optional(),
  errorType: z.string().optional(),
  error: z.string().optional(),
  warnings: z.array(z.string()).optional(),
});
