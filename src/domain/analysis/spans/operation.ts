import type { SpanNode } from './trees.ts';

/** Numbers and ids (hexadecimal, or capitals with digits, as keys of things are written) in a span's name. */
const idInName = /(?<![A-Za-z\d])\d+(?![A-Za-z\d])|\b(?=[\da-fA-F-]*\d)[\da-fA-F-]{8,}\b|\b(?=[A-Z]*\d)[A-Z\d]{8,}\b/g;

/**
 * What a span's name says without the ids in it, so that spans of one operation share it.
 * OpenTelemetry's conventions ask for names of low cardinality; this is our own rule for those that are not. O(length).
 */
export function operationOf({ span }: SpanNode): string {
  return /\d/.test(span.name) ? span.name.replace(idInName, '{}') : span.name;
}
