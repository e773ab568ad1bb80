import { isStatus } from './mask-words.ts';

const longestMessage = 600;

const variablePart = new RegExp(
  [
    String.raw`(?<time>\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?|\b))`,
    String.raw`(?<uuid>\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b)`,
    String.raw`(?<ip>\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?::\d+)?\b)`,
    String.raw`(?<str>"[^"]*"|(?<![A-Za-z])'[^']*')`,
    String.raw`(?<path>(?<![\w:/])(?:\/[\w.@%+-]+){2,}\/?)`,
    String.raw`(?<hex>\b0x[0-9a-fA-F]+\b|\b(?=[0-9a-f]*\d)(?=[0-9]*[a-f])[0-9a-f]{7,}\b)`,
    String.raw`(?<dur>\b\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h|min|sec|secs|seconds)\b)`,
    String.raw`(?<num>(?<![A-Za-z])[-+]?\d+(?:[.,]\d+)*(?:%|[KMGT]i?B?\b)?|(?<=[A-Za-z_-])\d{2,})`,
  ].join('|'),
  'g',
);

/**
 * Masks timestamps, ids, addresses, quoted values, paths, durations and numbers by what they are; HTTP statuses stay. For a few messages that are to be compared or
 * shown; for the lines of a log there is {@link ./templates.ts}, a hundred times as fast.
 * Our own rule. O(length).
 */
export function maskMessage(message: string): string {
  const cut = message.length > longestMessage ? message.slice(0, longestMessage) : message;
  return cut.replace(variablePart, (match: string, ...rest: unknown[]) => {
    const groups = rest.at(-1) as Record<string, string | undefined>;
    if (groups['num'] !== undefined) {
      const offset = rest.at(-3) as number;
      return isStatus(cut, offset, offset + match.length) ? match : '<num>';
    }
    for (const name of ['time', 'uuid', 'ip', 'str', 'path', 'hex', 'dur'])
      if (groups[name] !== undefined) return `<${name}>`;
    return match;
  });
}
