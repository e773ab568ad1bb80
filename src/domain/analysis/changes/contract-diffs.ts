import type { DiffView } from './diff-view.ts';
import { count } from './diff-view.ts';

/** What a switch is set to is a value, and never the name that somebody asks for. */
const switchStates = /^(on|off|true|false|yes|no|enabled?|disabled?|null|none|nil|undefined)$/i;

/** A name that the diff took away, best of all one that the errors ask for. */
export function explainRename(diff: DiffView, text: string) {
  const literals = (lines: readonly string[]) =>
    new Set(
      lines
        .flatMap((line) =>
          [...line.matchAll(/["'`]([A-Za-z_][\w.-]{1,40})["'`]|\b([A-Za-z_]\w{2,40})\s*:/g)].map(
            (match) => match[1] ?? match[2] ?? '',
          ),
        )
        .filter((literal) => !switchStates.test(literal)),
    );
  const removed = literals(diff.removed);
  const added = literals(diff.added);
  const gone = [...removed].filter((literal) => !added.has(literal));
  const come = [...added].filter((literal) => !removed.has(literal));
  const missed = gone.find((literal) => new RegExp(`(^|[^\\w])${literal.replaceAll('.', '\\.')}($|[^\\w])`).test(text));
  if (missed !== undefined) {
    const what = `it takes away \`${missed}\`, which the errors name`;
    return { what, strength: 0.85, ...(isQuoted(missed, text) ? { isMissed: true as const } : {}) };
  }
  return gone.length > 0 && come.length > 0
    ? { what: `it renames \`${gone[0] ?? ''}\` to \`${come[0] ?? ''}\``, strength: 0.4 }
    : undefined;
}

/** Errors put the name that they did not find in quotes (`KeyError: 'zone_id'`, `reading "zoneId"`); short words coincide. */
function isQuoted(name: string, text: string): boolean {
  return name.length >= 4 && ['"', "'", '`'].some((quote) => text.includes(`${quote}${name}${quote}`));
}

/** A field that the errors name, and that is made in another way now. */
export function explainNewValue(diff: DiffView, text: string) {
  const fields = (lines: readonly string[]) =>
    new Map(
      lines.flatMap((line) =>
        [...line.matchAll(/["'`]?\b([A-Za-z_][\w-]{2,40})["'`]?\s*(?:=>|[:=])\s*([^,;]+)/g)].map(
          (match) => [match[1] ?? '', (match[2] ?? '').trim()] as const,
        ),
      ),
    );
  const after = fields(diff.added);
  for (const [field, value] of fields(diff.removed)) {
    const now = after.get(field);
    if (now !== undefined && now !== value && isNamed(field, text)) {
      return { what: `it changes how \`${field}\` is made, which the errors name`, strength: 0.75 };
    }
  }
  return undefined;
}

/** `seat-pricing` is named by `seat pricing` and `seatPricing` too. */
export function isNamed(name: string, text: string): boolean {
  const parts = name.split(/[-_]+/).filter((part) => part !== '');
  return new RegExp(`\\b${parts.join('[-_ ]?')}\\b`, 'i').test(text);
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
