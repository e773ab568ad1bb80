/** What begins a comment, by the ending of a file's name; whatever is not named here has none at the end of a line. */
const commentSyntax: readonly (readonly [RegExp, readonly string[]])[] = [
  [/\.(pyi?|rb|ya?ml|toml|sh|bash|zsh|pl|r|exs?|tf|hcl|nix|jl)$|(^|\/)(Dockerfile|Makefile)[^/]*$/i, ['#']],
  [/\.php$/i, ['//', '#']],
  [/\.(sql|lua|hs|elm)$/i, ['--']],
  [/\.(cljs?|lisp|el)$/i, [';']],
  [/\.(m?[jt]sx?|cjs|cts|go|java|kts?|scala|rs|cs|fs|swift|dart|c|cc|cpp|h|hpp|groovy|gradle|proto|zig)$/i, ['//']],
];
/** A comment that stands between such marks, at the end of a line. */
const closedComment = /\s\/\*((?!\*\/).)*\*\/\s*$/;
const quotes = '"\'`';

/**
 * A line of source without the comment at its end. A mark inside quotes, or one that no blank stands before, begins no comment, and a line
 * on which a quote stays open is left as it is: it belongs to a text of several lines, or its quote is none (`'a` of Rust).
 * Our own rule after the languages' grammars. O(n) for n characters.
 */
export function withoutTrailingComment(line: string, path: string): string {
  const marks = commentSyntax.find(([ending]) => ending.test(path))?.[1] ?? [];
  if (marks.length === 0) return line;
  const text = marks.includes('//') ? line.replace(closedComment, '') : line;
  let open: string | undefined;
  for (let i = 0; i < text.length; i++) {
    const letter = text.charAt(i);
    if (open !== undefined) {
      if (letter === '\\') i++;
      else if (letter === open) open = undefined;
    } else if (quotes.includes(letter)) open = letter;
    else if (/[\s;,{}()]/.test(text.charAt(i - 1)) && marks.some((mark) => text.startsWith(mark, i)))
      return text.slice(0, i).trimEnd();
  }
  return open === undefined ? text : line;
}
