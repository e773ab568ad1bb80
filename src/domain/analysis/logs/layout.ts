/** What a column of a log's header holds. */
type Kind = 'number' | 'time' | 'level' | 'bracketed' | 'colon' | 'dash' | 'month';

interface Column {
  readonly column: number;
  readonly kind: Kind;
}

/** Where the header of a log's lines ends: behind `fixed`, the last column that all have, or behind `name`, near its place. */
export interface LogLayout {
  readonly fixed: Column;
  readonly name?: Column;
}

const mostColumns = 14;
const fewestLines = 10;
/** Of the lines of a sample, those that must agree on a column. */
const shareOfLines = 0.95;
/** A name with a blank in it moves the column behind it: fewer must have it there, and most of the others a little further on. */
const shareInPlace = 0.2;
const shareMoved = 0.9;
const furthestMove = 3;
/** So many words in a row are no header any more. */
const mostUnknown = 4;
const levels = inAnyCase(
  'trace debug verbose fine finer finest config info notice warn warning error err severe critical crit fatal failure alert ' +
    'emerg emergency panic',
);
const months = inAnyCase('mon tue wed thu fri sat sun jan feb mar apr may jun jul aug sep oct nov dec');

/** Words as programs write them, so that no line has to be lowered to be looked up. */
function inAnyCase(words: string): ReadonlySet<string> {
  const forms = words
    .split(' ')
    .flatMap((word) => [word, word.toUpperCase(), word.charAt(0).toUpperCase() + word.slice(1)]);
  return new Set(forms);
}

/**
 * Finds the header that a program or a collector writes before each message, from how the columns of a sample look: numbers or times,
 * levels, brackets that nearly all lines have in a column, then perhaps a name with a colon, or a dash. What stands between (hosts,
 * threads) belongs to it. The shares were set by thought and hold on the public samples at hand (bench/diagnosis/README.md).
 * O(length of the headers).
 * @returns undefined where no column agrees, or none that has a number: then each line is a message as it stands
 */
export function learnLayout(sample: readonly string[]): LogLayout | undefined {
  if (sample.length < fewestLines) return undefined;
  const rows = sample.map(readKinds);
  const share = (holds: (row: readonly (Kind | undefined)[]) => boolean) => rows.filter(holds).length / rows.length;
  let fixed: Column | undefined;
  let hasNumber = false;
  for (let column = 0; column < mostColumns; column++) {
    const kind = fixedKinds.find((one) => share((row) => row[column] === one) >= shareOfLines);
    if (!kind) continue;
    fixed = { column, kind };
    hasNumber ||= kind === 'number' || kind === 'time';
  }
  if (!fixed || !hasNumber) return undefined;
  for (const column of [fixed.column + 1, fixed.column + 2]) {
    for (const kind of ['colon', 'dash'] as const) {
      const isThere = share((row) => row[column] === kind) >= shareInPlace;
      if (isThere && share((row) => row.slice(column, column + 1 + furthestMove).includes(kind)) >= shareMoved)
        return { fixed, name: { column, kind } };
    }
  }
  return { fixed };
}

const fixedKinds = ['number', 'time', 'level', 'bracketed', 'month'] as const;

function readKinds(line: string): readonly (Kind | undefined)[] {
  const kinds: (Kind | undefined)[] = [];
  let unknown = 0;
  let end = 0;
  while (kinds.length < mostColumns && unknown < mostUnknown) {
    const start = skipBlanks(line, end);
    if (start === line.length) break;
    end = endOfColumn(line, start);
    const kind = kindOf(line, start, end);
    unknown = kind ? 0 : unknown + 1;
    kinds.push(kind);
  }
  return kinds;
}

/** The message of a line without its header; a line of another form as it stands. O(length of the header). */
export function stripHeader(line: string, { fixed, name }: LogLayout): string {
  const last = name === undefined ? fixed.column : name.column + furthestMove;
  let end = 0;
  // Where a line without a name begins: behind what stands before the name's place.
  let unnamed = 0;
  for (let column = 0; column <= last; column++) {
    const start = skipBlanks(line, end);
    if (start === line.length) return column > fixed.column ? line.slice(skipBlanks(line, unnamed)) : line;
    end = endOfColumn(line, start);
    if (column === fixed.column && kindOf(line, start, end) !== fixed.kind) return line;
    if (name === undefined || column < name.column) unnamed = end;
    else if (isName(line, start, end, name.kind)) return line.slice(skipBlanks(line, end));
  }
  return line.slice(skipBlanks(line, unnamed));
}

/** Most columns are told apart by their first or last character. */
function isName(line: string, start: number, end: number, kind: Kind): boolean {
  const isLikely = kind === 'colon' ? line.charCodeAt(end - 1) === colon : line.charCodeAt(start) === dash;
  return isLikely && kindOf(line, start, end) === kind;
}

const bar = 124;
const opening = 91;
const closing = 93;
const colon = 58;
const comma = 44;
const dash = 45;
const longestBracket = 300;

function isBlank(code: number): boolean {
  return code <= 32 || code === bar;
}

function skipBlanks(line: string, from: number): number {
  let i = from;
  while (i < line.length && isBlank(line.charCodeAt(i))) i++;
  return i;
}

/** A column is what stands between blanks or bars, a bracket with blanks inside being one. */
function endOfColumn(line: string, start: number): number {
  if (line.charCodeAt(start) === opening) {
    const end = endOfBracket(line, start);
    if (end > start) return end;
  }
  let i = start;
  while (i < line.length && !isBlank(line.charCodeAt(i))) i++;
  return i;
}

/** Behind the bracket that closes the one at `start`, with a colon or comma; `start` where none does. */
function endOfBracket(line: string, start: number): number {
  const stop = Math.min(line.length, start + longestBracket);
  let depth = 0;
  for (let i = start; i < stop; i++) {
    const code = line.charCodeAt(i);
    if (code === opening) depth++;
    else if (code === closing && --depth === 0) {
      const next = line.charCodeAt(i + 1);
      return next === colon || next === comma ? i + 2 : i + 1;
    }
  }
  return start;
}

function kindOf(line: string, start: number, end: number): Kind | undefined {
  const first = line.charCodeAt(start);
  const last = line.charCodeAt(end - 1);
  if (isNumeric(line, start, end)) return 'number';
  if (first === opening && (last === closing || line.charCodeAt(end - 2) === closing))
    return kindOfBracket(line.slice(start + 1, line.indexOf(']', start)));
  if (isDashes(line, start, end)) return 'dash';
  const isClosed = last === colon || last === comma;
  const word = end - start <= 12 ? line.slice(start, isClosed ? end - 1 : end) : '';
  if (isLevel(word)) return 'level';
  if (last === colon) return 'colon';
  return months.has(word) ? 'month' : undefined;
}

function kindOfBracket(inside: string): Kind {
  if (isLevel(inside)) return 'level';
  return /\d:\d\d/.test(inside) ? 'time' : 'bracketed';
}

/** One capital stands for a level too, as in `W` and `E`. */
function isLevel(word: string): boolean {
  return word.length === 1 ? 'TVDIWEF'.includes(word) : levels.has(word);
}

/** `2024-05-01T10:00:00,123`, `17/06/09`, `148`, `10.0.0.1`: begins with a digit and has but digits and their punctuation. */
function isNumeric(line: string, start: number, end: number): boolean {
  const first = line.charCodeAt(start);
  if (first < 48 || first > 57) return false;
  for (let i = start + 1; i < end; i++) {
    const code = line.charCodeAt(i);
    const isPunctuation = code >= 43 && code <= 47;
    if (!(code >= 48 && code <= 58) && !isPunctuation && code !== 84 && code !== 90) return false;
  }
  return true;
}

function isDashes(line: string, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (line.charCodeAt(i) !== dash) return false;
  return true;
}
