import { createHash } from 'node:crypto';
import type { Json } from './strict-request.ts';

/** What a request would be charged for, in the fields of the API's `usage`. */
export interface CacheUsage {
  readonly input_tokens: number;
  readonly cache_creation_input_tokens: number;
  readonly cache_read_input_tokens: number;
}

/** So many blocks before a mark are looked at for an entry that an earlier request wrote: "Prompt caching", platform.claude.com. */
const lookback = 20;
const bytesPerToken = 4;

/**
 * A FAKE of the prompt cache: an entry for each marked prefix, by the SHA-256 of its bytes; a request reads the longest prefix that
 * an earlier one wrote. The smallest size and the lifetime of the real one are left out.
 */
export function createPrefixCache(): { use(request: Json): CacheUsage } {
  const entries = new Set<string>();
  return {
    use(request) {
      const blocks = listBlocks(request);
      const prefixes = digestPrefixes(blocks);
      const marks = blocks.flatMap(({ isMarked }, i) => (isMarked ? [i] : []));
      const seen = (i: number) => entries.has(prefixes[i] ?? '');
      const hit = marks
        .flatMap((mark) => Array.from({ length: Math.min(lookback, mark + 1) }, (_unused, n) => mark - n))
        .filter(seen)
        .reduce((best, i) => Math.max(best, i), -1);
      const end = marks.at(-1) ?? -1;
      for (const mark of marks) entries.add(prefixes[mark] ?? '');
      const ends = [0, ...accumulate(blocks.map(({ bytes }) => Buffer.byteLength(bytes)))];
      const tokens = (from: number, to: number) => toTokens(ends[to]) - toTokens(ends[from]);
      return {
        input_tokens: tokens(end + 1, blocks.length),
        cache_creation_input_tokens: tokens(hit + 1, end + 1),
        cache_read_input_tokens: tokens(0, hit + 1),
      };
    },
  };
}

/** The blocks of a request in the order of its cache: tools, system, messages; their bytes without the marks. */
export function listBlocks(request: Json): readonly { readonly bytes: string; readonly isMarked: boolean }[] {
  const messages = (request['messages'] as readonly Json[]).flatMap(({ role, content }) =>
    asBlocks(content).map((block) => ({ role, block })),
  );
  return [...asBlocks(request['tools']), ...asBlocks(request['system']), ...messages].map((item) => ({
    bytes: JSON.stringify(item, (key, value: unknown) => (key === 'cache_control' ? undefined : value)),
    isMarked: 'cache_control' in ('role' in item && 'block' in item ? (item['block'] as Json) : item),
  }));
}

function asBlocks(content: unknown): readonly Json[] {
  if (content === undefined) return [];
  return typeof content === 'string' ? [{ type: 'text', text: content }] : (content as readonly Json[]);
}

/** Rounded at the end of a prefix, so that what one request writes is what the next one reads. */
function toTokens(bytes = 0): number {
  return Math.ceil(bytes / bytesPerToken);
}

function accumulate(sizes: readonly number[]): readonly number[] {
  let sum = 0;
  return sizes.map((size) => (sum += size));
}

function digestPrefixes(blocks: ReturnType<typeof listBlocks>): readonly string[] {
  const hash = createHash('sha256');
  return blocks.map(({ bytes }) => hash.update(`${bytes}\n`).copy().digest('hex'));
}
