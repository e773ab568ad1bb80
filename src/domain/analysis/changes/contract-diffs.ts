import type { DiffView } from './diff-view.ts';
import { count } from './diff-view.ts';
import { behaviourOnly } from './diffs.ts';
import type { Sign } from './mechanisms/mechanism.ts';

/** What a switch is set to is a value, and never the name that somebody asks for. */
const switchStates = /^(on|off|true|false|yes|no|enabled?|disabled?|null|none|nil|undefined)$/i;

/**
 * A name that the diff took away and that the errors ask for.
 * Our own rule, like the others of this file; it follows from the failures that their rows in mechanisms/boundaries.ts cite. O(n · t)
 * for n names that went and t characters of errors.
 */
export function explainTakenName(diff: DiffView, text: string): Sign | undefined {
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
  const missed = gone.find((literal) => new RegExp(`(^|[^\\w])${literal.replaceAll('.', '\\.')}($|[^\\w])`).test(text));
  return missed === undefined
    ? undefined
    : {
        what: `it takes away \`${missed}\`, which the errors name`,
        strength: 0.85,
        ...(isQuoted(missed, text) ? { isNamed: true as const } : {}),
      };
}

/**
 * A name that became another, whether or not anybody asks for it.
 * O(n) for n lines of the diff.
 */
export function explainRename(diff: DiffView): Sign | undefined {
  const renamed = findRenamed(diff) ?? findReshaped(diff);
  return renamed && { what: `it renames \`${renamed.from}\` to \`${renamed.to}\``, strength: 0.4 };
}

const key = /(["'`])([A-Za-z_][\w.-]{1,40})\1(?=\s*(?::|=>|\]))|\b([A-Za-z_]\w{2,40})(?=\s*:)/g;

/** A key that became another in lines that are otherwise alike. */
function findRenamed({ removed, added }: DiffView): { readonly from: string; readonly to: string } | undefined {
  const read = (line: string) => ({
    names: [...line.matchAll(key)].map((match) => match[2] ?? match[3] ?? ''),
    skeleton: line.replace(key, '#').replace(/\s+/g, ''),
  });
  const after = new Map(added.map(read).map((line) => [line.skeleton, line]));
  for (const before of removed.map(read)) {
    const twin = before.names.length > 0 ? after.get(before.skeleton) : undefined;
    const at = twin ? before.names.findIndex((name, index) => name !== twin.names[index]) : -1;
    const [from, to] = [before.names[at], twin?.names[at]];
    if (from !== undefined && to !== undefined && !switchStates.test(from)) return { from, to };
  }
  return undefined;
}

/** Keys of a message as code writes them: `"cents": …`, `'cents' => …`, `json:"cents"`. */
const messageKey = /(["'])([A-Za-z_][\w.-]{1,40})\1\s*(?::|=>)|\b(?:json|xml|yaml|bson):"([\w.-]+)/g;

/** A message that lost a key and gained another within one place. */
function findReshaped({ hunks }: DiffView): { readonly from: string; readonly to: string } | undefined {
  const keys = (lines: readonly string[]) =>
    behaviourOnly(lines).flatMap((line) => [...line.matchAll(messageKey)].map((match) => match[2] ?? match[3] ?? ''));
  for (const hunk of hunks) {
    const [before, after] = [keys(hunk.removed), keys(hunk.added)];
    const from = before.find((key) => !after.includes(key));
    const to = after.find((key) => !before.includes(key));
    if (from !== undefined && to !== undefined) return { from, to };
  }
  return undefined;
}

/** Errors put the name that they did not find in quotes (`KeyError: 'zone_id'`, `reading "zoneId"`); short words coincide. */
function isQuoted(name: string, text: string): boolean {
  return name.length >= 4 && ['"', "'", '`'].some((quote) => text.includes(`${quote}${name}${quote}`));
}

/**
 * A field that the errors name, and that is made in another way now.
 * O(n · t) for n fields and t characters of errors.
 */
export function explainNewValue(diff: DiffView, text: string): Sign | undefined {
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

const demand =
  /\b(400|401|403|404|409|410|422)\b|\brequired\b|\bmust (be|have|contain|not)\b|NOT NULL|\bassert\b|(raise|throw new|errors?\.New\().*(invalid|missing|required|must|unsupported)/i;

/**
 * More refusals, assertions or required values than before; in files that are new nobody was let in before.
 * O(n) for n lines of the diff.
 */
export function explainNewDemand({ hunks }: DiffView): Sign | undefined {
  const changed = hunks.filter(({ removed, context }) => removed.length > 0 || context.length > 0);
  const tally = (side: 'added' | 'removed') =>
    changed.reduce((sum, hunk) => sum + count(behaviourOnly(hunk[side]), demand), 0);
  return tally('added') > tally('removed')
    ? { what: 'it adds a demand that callers must meet', strength: 0.55 }
    : undefined;
}

const routeLiteral = /["'`](?:(?:GET|POST|PUT|PATCH|DELETE) )?(\/[\w\-./:{}<>*$]{3,120})["'`]/g;
const parameter = /:\w+|\{[^}]*\}|<[^>]*>|\*+|\$\{[^}]*\}/g;

/**
 * A route that the diff took away, and that is asked for still.
 * O(n · t) for n routes and t characters of errors.
 */
export function explainRoute({ removed, added }: DiffView, text: string): Sign | undefined {
  const routes = (lines: readonly string[]) =>
    new Set(lines.flatMap((line) => [...line.matchAll(routeLiteral)].map((match) => match[1] ?? '')));
  const after = routes(added);
  const gone = [...routes(removed)].filter((route) => !after.has(route));
  const asked = gone.find((route) => {
    const parts = route.split(parameter).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    return parts.join('').length >= 6 && new RegExp(`${parts.join('[^/\\s"]+')}(?![\\w/-])`).test(text);
  });
  return asked === undefined
    ? undefined
    : { what: `it takes away the route \`${asked}\`, which is asked for still`, strength: 0.9, isNamed: true };
}

/** How programs refuse a value of a set that they know; the value stands in the same line. */
const unknownValue =
  /no enum|unknown|unexpected|unrecogni[sz]ed|unsupported|unhandled|not (a )?(valid|one of|member)|invalid (enum|value|variant|state|status|type)/i;

/**
 * A value that the diff brought into being and that the errors refuse by name.
 * O(n · t) for n constants and t characters of errors.
 */
export function explainAddedValue({ hunks }: DiffView, text: string): Sign | undefined {
  const refusals = text.split('\n').filter((line) => unknownValue.test(line));
  if (refusals.length === 0) return undefined;
  const known = new Set(hunks.flatMap(({ removed, context }) => listConstants([...removed, ...context])));
  const come = hunks.flatMap(({ added }) => listConstants(behaviourOnly(added))).filter((name) => !known.has(name));
  const refused = come.find((name) => refusals.some((line) => new RegExp(`(^|[^\\w])${name}($|[^\\w])`).test(line)));
  return refused === undefined
    ? undefined
    : { what: `it brings in \`${refused}\`, which the errors refuse`, strength: 0.85, isNamed: true };
}

/** Constants in capitals, and texts of one word in quotes. */
function listConstants(lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) =>
    [...line.matchAll(/\b([A-Z][A-Z0-9]*_[A-Z0-9_]+|[A-Z]{5,})\b|["'`]([A-Za-z][\w-]{4,40})["'`]/g)].map(
      (match) => match[1] ?? match[2] ?? '',
    ),
  );
}
