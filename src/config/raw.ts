/** Reading a file as people wrote it: what has the wrong shape reads as empty, so that the rest can be looked at all the same. */
export type Mapping = Readonly<Record<string, unknown>>;

export const isText = (value: unknown): value is string => typeof value === 'string';

export const asList = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? (value as readonly unknown[]) : [];

export const isMapping = (value: unknown): value is Mapping =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const asMapping = (value: unknown): Mapping => (isMapping(value) ? value : {});
