import type { DiffView } from './diff-view.ts';
import { count } from './diff-view.ts';

/** A name that the diff took away, best of all one that the errors ask for. */
export function explainRename(diff: DiffView, text: string) {
  const literals = (lines: readonly string[]) =>
    new Set(
      lines.flatMap((line) =>
        [...line.matchAll(/["'`]([A-Za-z_][\w.-]{1,40})["'`]|\b([A-Za-z_]\w{2,40})\s*:/g)].map(
          (match) => match[1] ?? match[2] ?? '',
        ),
      ),
    );
  const removed = literals(diff.removed);
  const added = literals(diff.added);
  const gone = [...removed].filter((literal) => !added.has(literal));
  const come = [...added].filter((literal) => !removed.has(literal));
  const missed = gone.find((literal) => new RegExp(`(^|[^\\w])${literal.replaceAll('.', '\\.')}($|[^\\w])`).test(text));
  if (missed !== undefined) return { what: `it takes away \`${missed}\`, which the errors name`, strength: 0.85 };
  return gone.length > 0 && come.length > 0
    ? { what: `it renames \`${gone[0] ?? ''}\` to \`${come[0] ?? ''}\``, strength: 0.4 }
    : undefined;
}

/** A field that the errors name, and that is made in another way now. */
export function explainNewValue(diff: DiffView, text: string) {
  const fields = (lines: readonly string[]) =>
    new Map(
      lines.flatMap((line) =>
        [...line.matchAll(/["'`]?\b([A-Za-z_]\w{2,40})["'`]?\s*(?:=>|[:=])\s*([^,;]+)/g)].map(
          (match) => [match[1] ?? '', (match[2] ?? '').trim()] as const,
        ),
      ),
    );
  const after = fields(diff.added);
  for (const [field, value] of fields(diff.removed)) {
    const now = after.get(field);
    if (now !== undefined && now !== value && new RegExp(`\\b${field}\\b`, 'i').test(text)) {
      return { what: `it changes how \`${field}\` is made, which the errors name`, strength: 0.75 };
    }
  }
  return undefined;
}

/** More refusals, assertions or required values than before. */
export function explainNewDemand(diff: DiffView) {
  return count(
    diff.added,
    /\b(throw|raise|reject|panic|abort)\b|\b(400|401|403|404|409|410|422)\b|required|must |NOT NULL|assert/i,
  ) >
    count(
      diff.removed,
      /\b(throw|raise|reject|panic|abort)\b|\b(400|401|403|404|409|410|422)\b|required|must |NOT NULL|assert/i,
    )
    ? { what: 'it adds a demand that callers must meet', strength: 0.55 }
    : undefined;
}
