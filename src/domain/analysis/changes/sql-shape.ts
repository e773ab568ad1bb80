/** Where a statement begins in a line, by the verbs that put load or locks on a database. */
const statementStart =
  /\b(?:select\s|with\s+\w+\s+as\s*\(|insert\s+into\s|update\s+\S+\s+(?:\w+\s+)?set\s|delete\s+from\s|merge\s+into\s|lock\s+tables?\s|truncate\s|alter\s+table\s|create\s+(?:unique\s+)?index\s|refresh\s+materialized\s)/i;
/** Longer statements are told apart by their beginning. */
const longestStatement = 2000;
/** Fewer words are the same in many statements: `SELECT 1`, `select * from t`. */
const fewestWords = 5;
/** A literal of a log may be so many words of code. */
const longestLiteral = 3;

/**
 * The statement within a line that a database or a driver wrote; undefined where there is none.
 * Our own rule. O(n) for n characters.
 */
export function findStatement(text: string): string | undefined {
  const at = text.search(statementStart);
  return at < 0 ? undefined : text.slice(at, at + longestStatement);
}

/**
 * The words of a statement as it was logged, every literal and parameter in the form `?`: what is called its fingerprint or digest.
 * Empty where so few words remain that many statements share them.
 * Source: https://dev.mysql.com/doc/refman/8.4/en/performance-schema-statement-digests.html
 * O(n) for n characters.
 */
export function maskStatement(statement: string): readonly string[] {
  const shape = toWords(statement.replace(/'(?:[^']|'')*'/g, ' ? '));
  return shape.filter((word) => word !== '?').length < fewestWords ? [] : shape;
}

/** The words of source code, with string delimiters gone, so that a statement that is put together of several literals reads as one. */
export function codeWords(lines: readonly string[]): readonly string[] {
  return toWords(
    lines
      .join('\n')
      .replace(/\b[fFrRbBuU]{1,2}(?=["'])/g, ' ')
      .replace(/\\[nrt]/g, ' ')
      .replace(/\$?\{[^{}\n]{0,80}\}/g, ' ? '),
  );
}

/**
 * True where code holds a statement of that shape. O(words of the code × words of the statement).
 * It follows all places at once, as Thompson does ("Regular expression search algorithm", CACM 11, 1968).
 */
export function holdsStatement(code: readonly string[], shape: readonly string[]): boolean {
  let ends = new Set(code.keys());
  for (const word of shape) {
    const next = new Set<number>();
    for (const at of ends) {
      const most = word === '?' ? longestLiteral : Number(code[at] === word);
      for (let step = 1; step <= most && at + step <= code.length; step++) next.add(at + step);
    }
    if (next.size === 0) return false;
    ends = next;
  }
  return shape.length > 0;
}

/** Lower-case words, each parameter or number as `?`, and of a list of those only one. */
function toWords(text: string): readonly string[] {
  const words = (
    text
      .replace(/<\*>|%\(\w+\)s|%s|%d|\$\d+|(?<!:):[a-z_]\w*/gi, ' ? ')
      .toLowerCase()
      .match(/[a-z_][a-z0-9_]*|\d[\w.]*|\?/g) ?? []
  ).map((word) => (/^\d/.test(word) ? '?' : word));
  return words.filter((word, i) => word !== '?' || words[i - 1] !== '?');
}
