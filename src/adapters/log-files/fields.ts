type Field = string | number | boolean;
export type Fields = Record<string, Field>;

const limits = { fields: 60, depth: 4, text: 2_000 } as const;

/** The same thing under the names that loggers give it; the first part is the name that evidence uses. */
const aliases: readonly (readonly [name: string, others: RegExp])[] = [
  [
    'service',
    /^(?:service[._-]?name|resource\.service\.name|dd\.service|kubernetes\.labels\.app|serviceContext\.service)$/i,
  ],
  [
    'traceId',
    /^(?:trace[._-]?id|dd\.trace_id|otel_?trace_?id|x-b3-traceid|x_b3_traceid|mdc\.trace_?id|context\.trace_?id|logging\.googleapis\.com\/trace)$/i,
  ],
  ['spanId', /^(?:span[._-]?id|dd\.span_id|otel_?span_?id|x-b3-spanid|context\.span_?id)$/i],
  [
    'requestId',
    /^(?:req(?:uest)?[._-]?id|x-request-id|correlation[._-]?id|x-correlation-id|request\.id|req\.id|mdc\.request_?id)$/i,
  ],
];

/** Flattens what a JSON line carried to dotted names and plain values, within limits, under one name for each common thing. */
export function flattenFields(value: Readonly<Record<string, unknown>>): Fields {
  const fields: Fields = {};
  collect(value, '', 0, fields);
  return fields;
}

function collect(value: Readonly<Record<string, unknown>>, prefix: string, depth: number, fields: Fields): void {
  for (const [key, item] of Object.entries(value)) {
    if (Object.keys(fields).length >= limits.fields) return;
    const name = prefix === '' ? key : `${prefix}.${key}`;
    if (item === null || item === undefined) continue;
    if (typeof item === 'object' && !Array.isArray(item) && depth < limits.depth) {
      collect(item as Record<string, unknown>, name, depth + 1, fields);
    } else addField(fields, name, item);
  }
}

export function addField(fields: Fields, name: string, value: unknown): void {
  const known = aliases.find(([, others]) => others.test(name))?.[0] ?? name;
  if (known === '__proto__' || known in fields) return;
  if (typeof value === 'boolean') fields[known] = value;
  else if (typeof value === 'number') fields[known] = Number.isFinite(value) ? value : String(value);
  else if (typeof value === 'string') fields[known] = value.slice(0, limits.text);
  else fields[known] = (JSON.stringify(value) ?? '').slice(0, limits.text);
}

const pair = /(?<![\w.-])([A-Za-z_][\w.-]{0,60})=(?:"((?:[^"\\]|\\.){0,4000})"|([^\s"',;\])}]{1,1000}))/g;

/** The `key=value` pairs of a text line, as logfmt writes them; numbers become numbers. */
export function readPairs(text: string): Fields {
  const fields: Fields = {};
  for (const [, name = '', quoted, bare] of text.slice(0, 8_000).matchAll(pair)) {
    if (Object.keys(fields).length >= limits.fields) break;
    const value = quoted?.replace(/\\(["\\])/g, '$1') ?? bare ?? '';
    addField(fields, name, bare !== undefined && /^-?\d{1,15}(?:\.\d{1,10})?$/.test(bare) ? Number(bare) : value);
  }
  return fields;
}
