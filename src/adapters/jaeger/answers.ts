import { z } from 'zod';

/**
 * Answers of Jaeger's HTTP query API, the one behind its page (https://www.jaegertracing.io/docs/latest/apis/); unknown fields are
 * passed over. VictoriaTraces answers the same, with every tag as text.
 */
const tag = z.looseObject({ key: z.string(), value: z.unknown() });

const span = z.looseObject({
  traceID: z.string().min(1),
  spanID: z.string().min(1),
  operationName: z.string().default(''),
  references: z
    .array(z.looseObject({ refType: z.string(), traceID: z.string(), spanID: z.string() }))
    .nullish()
    .transform((list) => list ?? []),
  /** Microseconds since 1970. */
  startTime: z.number(),
  /** Microseconds. */
  duration: z.number().min(0),
  tags: z
    .array(tag)
    .nullish()
    .transform((list) => list ?? []),
  logs: z
    .array(z.looseObject({ fields: z.array(tag).nullish() }))
    .nullish()
    .transform((list) => list ?? []),
  processID: z.string().optional(),
  process: z.looseObject({ serviceName: z.string() }).nullish(),
});

export const traceAnswer = z.looseObject({
  traceID: z.string().min(1),
  spans: z.array(span),
  processes: z
    .record(z.string(), z.looseObject({ serviceName: z.string() }))
    .nullish()
    .transform((map) => map ?? {}),
});

export type JaegerTrace = z.output<typeof traceAnswer>;
export type JaegerSpan = JaegerTrace['spans'][number];

export const tracesAnswer = z.array(traceAnswer);
export const servicesAnswer = z.array(z.string());

/** `data` is null where nothing was found, and `errors` where nothing went wrong. */
export const envelope = z.looseObject({
  data: z.unknown(),
  errors: z
    .array(z.looseObject({ code: z.number().optional(), msg: z.string().default('') }))
    .nullish()
    .transform((list) => list ?? []),
});
