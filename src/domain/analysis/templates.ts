/**
 * Log templates after Drain (He et al., ICWS 2017): mask what varies, then group by a tree of fixed depth (token count, first
 * tokens) and merge by token similarity. One pass, so baseline and incident share their templates.
 */
export interface TemplateGroup {
  readonly id: number;
  /** The template with placeholders, final once all lines have been added. */
  readonly text: () => string;
}

export interface TemplateMiner {
  /** Group of a line; `scope` keeps lines apart that must never share a template (level, status, peer). */
  add(message: string, scope: string): TemplateGroup;
}

interface Cluster extends TemplateGroup {
  tokens: string[];
}

const similarityThreshold = 0.6;
const longestMessage = 600;
const mostClustersInLeaf = 200;

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

/** An HTTP status keeps its number, since 401 and 503 are different stories; any other number becomes a placeholder. */
const statusBefore =
  /(?:status(?:[ _-]?code)?|returned|returning|responded(?: with)?|answered|HTTP(?:\/\d(?:\.\d)?)?|got|code|upstream|error)[ =:(]*$/i;

/** Masks timestamps, ids, addresses, quoted values, paths, durations and numbers. */
export function maskMessage(message: string): string {
  const cut = message.length > longestMessage ? message.slice(0, longestMessage) : message;
  return cut.replace(variablePart, (match: string, ...rest: unknown[]) => {
    const groups = rest.at(-1) as Record<string, string | undefined>;
    if (groups['num'] !== undefined) {
      const offset = rest.at(-3) as number;
      const isStatus = /^[1-5]\d\d$/.test(match) && statusBefore.test(cut.slice(Math.max(0, offset - 20), offset));
      return isStatus ? match : '<num>';
    }
    for (const name of ['time', 'uuid', 'ip', 'str', 'path', 'hex', 'dur'])
      if (groups[name] !== undefined) return `<${name}>`;
    return match;
  });
}

/** Groups masked messages; deterministic for a given order of lines. */
export function createTemplateMiner(): TemplateMiner {
  const exact = new Map<string, Cluster>();
  const leaves = new Map<string, Cluster[]>();
  let count = 0;
  return {
    add(message, scope) {
      const masked = maskMessage(message);
      const exactKey = `${scope}\u0000${masked}`;
      const known = exact.get(exactKey);
      if (known) return known;
      const tokens = masked.split(/\s+/).filter((token) => token !== '');
      const leafKey = `${scope}\u0000${tokens.length}\u0000${stableToken(tokens[0])}`;
      const leaf = leaves.get(leafKey) ?? [];
      if (leaf.length === 0) leaves.set(leafKey, leaf);
      let cluster = findSimilar(leaf, tokens);
      if (cluster) {
        cluster.tokens = cluster.tokens.map((token, i) => (token === tokens[i] ? token : '<*>'));
      } else {
        const created: Cluster = { id: count++, tokens, text: () => created.tokens.join(' ') };
        cluster = created;
        if (leaf.length < mostClustersInLeaf) leaf.push(created);
      }
      if (exact.size < 50_000) exact.set(exactKey, cluster);
      return cluster;
    },
  };
}

function stableToken(token: string | undefined): string {
  return token === undefined || /[<\d]/.test(token) ? '<*>' : token;
}

function findSimilar(leaf: readonly Cluster[], tokens: readonly string[]): Cluster | undefined {
  let best: Cluster | undefined;
  let bestScore = similarityThreshold;
  for (const cluster of leaf) {
    let same = 0;
    for (let i = 0; i < tokens.length; i++) if (cluster.tokens[i] === tokens[i]) same++;
    const score = tokens.length === 0 ? 1 : same / tokens.length;
    if (score > bestScore || (score === bestScore && !best)) {
      best = cluster;
      bestScore = score;
    }
  }
  return best;
}
