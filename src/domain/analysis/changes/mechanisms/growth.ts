import type { DiffView } from '../diff-view.ts';
import { fewer, type Sign } from './mechanism.ts';

const growth = /\bappend\(|\.(push|add|put|set|append|insert|enqueue)\(|\w\[[^\]]+\]\s*=[^=]/;
const bound =
  /evict|delete|remove|\.pop\(|shift\(|\bmax|limit|capacity|\bcap\b|\blru|ttl|expire|truncate|\.clear\(|slice\(-|maxlen|bounded|\bring(buffer)?\b/i;
const sharedContainer =
  /^(?:export\s+)?(?:var|let|const|static|private static|public static|global)\b.*(\[\]|\{\}|\bmap\b|Map|List|Array|Set|dict|Queue|make\()|^[A-Za-z_]\w*\s*=\s*(\[\]|\{\}|dict\(|list\(|defaultdict|deque\()/;

/**
 * A container that outlives requests and is only added to, or the end of what emptied one.
 * Source: CWE-401, CWE-772; how a diff shows it is our own rule. O(n) for n lines of the diff.
 */
export function explainGrowth(diff: DiffView): Sign | undefined {
  const containers = diff.added.filter((line) => sharedContainer.test(line));
  const grows = diff.added.some((line) => growth.test(line));
  if (containers.length > 0 && grows && !diff.added.some((line) => bound.test(line))) {
    const name = containers.map(readName).find((found) => found !== '') ?? 'a shared container';
    return { what: `it keeps adding to \`${name}\` and never removes`, strength: 0.85 };
  }
  return fewer(
    diff,
    /evict|delete\b|\.clear\(|close\(|release|free\(|dispose|removeListener|clearInterval|maxsize|lru/i,
    'it removes what gave memory back',
    0.75,
  );
}

function readName(line: string): string {
  const bare = line.replace(/^(export|private|public|static|final|var|let|const)\s+/g, '');
  return /(?:var|let|const|static|=)?\s*([A-Za-z_]\w*)\s*(?:[:=]|\[\]|map\b|$)/.exec(bare)?.[1] ?? '';
}
