/** What a column of a log's header holds. */
type Kind = 'number' | 'level' | 'bracketed' | 'colon' | 'dash' | 'month';

/** Where the header of a log's lines ends: behind the column with this number, which holds this. */
export interface LogLayout {
  readonly column: number;
  readonly kind: Kind;
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
const levels = new Set(
  (
    'trace debug verbose fine finer finest config info notice warn warning error err severe critical crit fatal failure alert ' +
    'emerg emergency panic'
  ).split(' '),
);
const months = new Set('mon tue wed thu fri sat sun jan feb mar apr may jun jul aug sep oct nov dec'.split(' '));

/**
 * Finds the header that a program or a collector writes before each message, from how the columns of a sample look: numbers or times,
 * levels, brackets that nearly all lines have in a column, then perhaps a name with a colon, or a dash. What stands between (hosts,
 * threads) belongs to it. The shares were set by thought and hold on the systems of Loghub at hand (bench/diagnosis/README.md).
 * O(length of the headers).
 * @returns undefined where no column agrees, or none that has a number: then each line is a message as it stands
 */
export function learnLayout(sample: readonly string[]): LogLayout | undefined {
  if (sample.length < fewestLines) return undefined;
  const rows = sample.map(readKinds);
  const share = (holds: (row: readonly (Kind | undefined)[]) => boolean) => rows.filter(holds).length / rows.length;
  let fixed: LogLayout | undefined;
  let hasNumber = false;
  for (let column = 0; column < mostColumns; column++) {
    const kind = fixedKinds.find((one) => share((row) => row[column] === one) >= shareOfLines);
    if (!kind) continue;
    fixed = { column, kind };
    hasNumber ||= kind === 'number' || kind === 'bracketed';
  }
  if (!fixed || !hasNumber) return undefined;
  for (const column of [fixed.column + 1, fixed.column + 2]) {
    for (const kind of ['colon', 'dash'] as const) {
      const isThere = share((row) => row[column] === kind) >= shareInPlace;
      if (isThere && share((row) => row.slice(column, column + 1 + furthestMove).includes(kind)) >= shareMoved)
        return { column, kind };
    }
  }
  return fixed;
}

const fixedKinds = ['number', 'level', 'bracketed', 'dash', 'month'] as const;

function readKinds(line: string): readonly (Kind | undefined)[] {
  const columns = listColumns(line, mostColumns);
  const kinds: (Kind | undefined)[] = [];
  let unknown = 0;
  for (let i = 0; i < columns.length && unknown < mostUnknown; i += 2) {
    const kind = kindOf(line, columns[i] ?? 0, columns[i + 1] ?? 0);
    unknown = kind ? 0 : unknown + 1;
    kinds.push(kind);
  }
  return kinds;
}

/** The message of a line without its header; a line of another form as it stands. O(length of the header). */
export function stripHeader(line: string, layout: LogLayout): string {
  const columns = listColumns(line, layout.column + 1 + furthestMove);
  const count = columns.length / 2;
  let last = layout.column - 1;
  for (let column = layout.column; column < count; column++) {
    if (kindOf(line, columns[2 * column] ?? 0, columns[2 * column + 1] ?? 0) !== layout.kind) continue;
    last = column;
    break;
  }
  if (last < 0 || last >= count) return line;
  let from = columns[2 * last + 1] ?? 0;
  while (from < line.length && isBlank(line.charCodeAt(from))) from++;
  return line.slice(from);
}

const bar = 124;
const opening = 91;
const closing = 93;
const colon = 58;
const comma = 44;
const longestBracket = 300;

function isBlank(code: number): boolean {
  return code <= 32 || code === bar;
}

/** Start and end of each column by turns: what stands between blanks or bars, a bracket with blanks inside being one. */
function listColumns(line: string, most: number): readonly number[] {
  const columns: number[] = [];
  let i = 0;
  while (i < line.length && columns.length < 2 * most) {
    const code = line.charCodeAt(i);
    if (isBlank(code)) {
      i++;
      continue;
    }
    const start = i;
    if (code === opening) i = endOfBracket(line, start);
    if (i === start) while (i < line.length && !isBlank(line.charCodeAt(i))) i++;
    columns.push(start, i);
  }
  return columns;
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
  if (first === opening && (last === closing || line.charCodeAt(end - 2) === closing))
    return isLevel(line.slice(start + 1, line.indexOf(']', start))) ? 'level' : 'bracketed';
  if (isNumeric(line, start, end)) return 'number';
  if (isDashes(line, start, end)) return 'dash';
  const isClosed = last === colon || last === comma;
  const word = end - start <= 12 ? line.slice(start, isClosed ? end - 1 : end) : '';
  if (isLevel(word)) return 'level';
  if (last === colon) return 'colon';
  return months.has(word.toLowerCase()) ? 'month' : undefined;
}

/** One capital stands for a level too, as in `W` and `E`. */
function isLevel(word: string): boolean {
  return word.length === 1 ? 'TVDIWEF'.includes(word) : levels.has(word.toLowerCase());
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
  for (let i = start; i < end; i++) if (line.charCodeAt(i) !== 45) return false;
  return true;
}
