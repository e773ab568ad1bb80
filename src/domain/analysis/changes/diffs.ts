import type { Change, FlagChange } from '../../evidence/evidence.ts';
import { withoutTrailingComment } from './code-lines.ts';

/** One hunk of a file's diff, without lines of which only white space or the comment at the end changed. */
export interface Hunk {
  readonly path: string;
  /** First line and length in the new file; absent where the header does not say. */
  readonly start?: number;
  readonly length?: number;
  /** Numbers in the new file of the lines of code that were added, and of those before which code was removed. */
  readonly addedAt: readonly number[];
  readonly removedAt: readonly number[];
  readonly header: string;
  readonly removed: readonly string[];
  readonly added: readonly string[];
  readonly context: readonly string[];
  /** All lines as the diff has them, with their first column. */
  readonly lines: readonly string[];
}

/** Files that cannot change how a service runs. */
const harmlessPaths: readonly (readonly [string, RegExp])[] = [
  [
    'documentation',
    /(^|\/)(docs?|documentation|runbooks?|adr)\/|\.(md|mdx|rst|adoc|txt)$|(^|\/)(readme|license|changelog|codeowners|authors|contributing|notice)(\.\w+)?$/i,
  ],
  [
    'tests',
    /(^|\/)(tests?|__tests__|specs?|testdata|fixtures|e2e)\/|(_test|\.test|\.spec|Tests?)\.\w+$|(^|\/)test_\w+\.py$|(^|\/)conftest\.py$/,
  ],
  [
    'continuous integration or tooling',
    /(^|\/)\.(github|gitlab|circleci|husky|vscode|idea|buildkite)\/|(^|\/)(\.gitlab-ci\.ya?ml|\.travis\.yml|Jenkinsfile|\.editorconfig|\.gitignore|\.gitattributes|\.dockerignore|\.?golangci\.ya?ml|\.prettierrc.*|\.?eslint.*|\.pre-commit-config\.yaml|\.rubocop\.yml|renovate\.json)$/,
  ],
  ['styles and images', /\.(css|scss|sass|less|svg|png|jpe?g|gif|ico|woff2?|ttf)$/i],
];
const dependencyManifest =
  /(^|\/)(go\.(mod|sum)|package(-lock)?\.json|yarn\.lock|pnpm-lock\.yaml|requirements[^/]*\.txt|poetry\.lock|Pipfile(\.lock)?|Gemfile(\.lock)?|Cargo\.(toml|lock)|pom\.xml|build\.gradle(\.kts)?|composer\.(json|lock)|[^/]+\.csproj)$/;
const commentLine = /^\s*(\/\/|#(?!include|define|if|endif)|\/\*|\*(?!\w)|--\s|;|<!--|"""|''')/;
const logCall =
  /\b(log|logger|logging|console|slog|zap|zerolog|log4j|LOG_?\w*|LOGGER|fmt\.(Print|Fprint)\w*|print|println|printf|puts|System\.out)\b\s*[.(]/;

/**
 * Splits a change into hunks and cancels lines that were only re-indented or moved within a hunk.
 * Source: GNU diffutils manual, "Detailed Description of Unified Format". O(n) for n characters of the diffs.
 */
export function readHunks(change: Change): readonly Hunk[] {
  return change.files.flatMap((file) => readFileHunks(file.path, file.diff));
}

/** A number with its unit, at the head of a flag's value. */
const leadingNumber = /^-?\d+(?:\.\d+)?(?:[a-z]{1,3}|%)?(?=\s|$)/i;

/**
 * A flag's change as a line of settings that became another. Of its values only numbers count: any other text is whoever's who set the
 * flag, and says no more than that it was changed.
 */
export function readFlagHunks({ flag, from, to }: FlagChange): readonly Hunk[] {
  const line = (value: string, otherwise: string) => `${flag} = ${leadingNumber.exec(value)?.[0] ?? otherwise}`;
  const removed = from === undefined ? [] : [line(from, 'old')];
  const added = [line(to ?? '', 'new')];
  const lines = [...removed.map((text) => `-${text}`), ...added.map((text) => `+${text}`)];
  return [{ path: `flags/${flag}`, addedAt: [], removedAt: [], header: '', removed, added, context: [], lines }];
}

/** Longer lines are written by programs; patterns would be slow on them. */
const longestLine = 1000;

function readFileHunks(path: string, diff: string): readonly Hunk[] {
  const hunks: Hunk[] = [];
  let header = '';
  let lines: string[] = [];
  const flush = () => {
    const hunk = buildHunk(path, header, lines);
    if (hunk) hunks.push(hunk);
    lines = [];
  };
  for (const line of diff.split('\n')) {
    if (line.startsWith('@@')) {
      flush();
      header = line;
    } else if (
      !/^(diff --git|index |--- |\+\+\+ |new file|deleted file|similarity|rename |old mode|new mode|\\ No newline)/.test(
        line,
      )
    ) {
      lines.push(line.slice(0, longestLine));
    }
  }
  flush();
  return hunks;
}

/** A line that a hunk adds or removes, with its number in the new file; of a removed one that of the line that follows it there. */
interface ChangedLine {
  readonly text: string;
  readonly at: number;
  readonly mark: '+' | '-';
}

function buildHunk(path: string, header: string, lines: readonly string[]): Hunk | undefined {
  const range = /\+(\d+)(?:,(\d+))?/.exec(header);
  const changed = numberLines(lines, Number(range?.[1] ?? 0));
  if (changed.length === 0) return undefined;
  const of = (mark: ChangedLine['mark']) => changed.filter((line) => line.mark === mark);
  const removed = subtract(of('-'), of('+'), path);
  const added = subtract(of('+'), of('-'), path);
  const placesOf = (kept: readonly ChangedLine[]) =>
    range ? [...new Set(kept.filter(({ text }) => !commentLine.test(text)).map(({ at }) => at))] : [];
  return {
    path,
    header: header.replace(/^@@.*?@@/, '').trim() || header,
    addedAt: placesOf(added),
    removedAt: placesOf(removed),
    ...(range ? { start: Number(range[1]), length: Number(range[2] ?? 1) } : {}),
    removed: removed.map(({ text }) => text),
    added: added.map(({ text }) => text),
    context: lines.filter((line) => line.startsWith(' ')),
    lines,
  };
}

function numberLines(lines: readonly string[], start: number): readonly ChangedLine[] {
  const changed: ChangedLine[] = [];
  let at = start;
  for (const line of lines) {
    if (line.startsWith('+')) changed.push({ text: line.slice(1), at: at++, mark: '+' });
    else if (line.startsWith('-')) changed.push({ text: line.slice(1), at, mark: '-' });
    else at++;
  }
  return changed;
}

/** The lines without those that the others hold as well, whatever their white space and the comment at their end. */
function subtract(lines: readonly ChangedLine[], others: readonly ChangedLine[], path: string): readonly ChangedLine[] {
  const keyOf = ({ text }: ChangedLine) => squeeze(withoutTrailingComment(text, path)) || squeeze(text);
  const counts = new Map<string, number>();
  for (const line of others) counts.set(keyOf(line), (counts.get(keyOf(line)) ?? 0) + 1);
  return lines.filter((line) => {
    const key = keyOf(line);
    if (key === '') return false;
    const left = counts.get(key) ?? 0;
    if (left > 0) counts.set(key, left - 1);
    return left === 0;
  });
}

function squeeze(line: string): string {
  return line.replace(/\s+/g, '');
}

/**
 * Why a change cannot be the cause whatever the symptom, or undefined when it could be.
 * Our own rule; it follows from what a runtime reads. O(n) for n lines of the diff.
 */
export function explainHarmless(change: Change, hunks: readonly Hunk[]): string | undefined {
  const paths = change.files.map((file) => file.path);
  if (paths.length > 0) {
    const kinds = paths.map((path) => harmlessPaths.find(([, pattern]) => pattern.test(path))?.[0]);
    if (kinds.every((kind) => kind !== undefined)) return `it touches only ${[...new Set(kinds)].join(' and ')}`;
  }
  const running = hunks.filter((hunk) => isRun(hunk.path));
  const changed = running.flatMap((hunk) => [...hunk.removed, ...hunk.added]);
  // A diff that was cut or not delivered proves nothing.
  if (hunks.length === 0 || change.files.some((file) => file.diff === '')) return undefined;
  if (changed.length === 0) return 'it changes only white space, comments at the end of lines or the order of lines';
  if (changed.every((line) => commentLine.test(line))) return 'it changes only comments';
  if (
    changed.every((line) => commentLine.test(line) || isLogText(line)) &&
    changed.some((line) => logCall.test(line))
  ) {
    return 'it changes only what is logged';
  }
  return undefined;
}

/** True for files that can change how a service runs. */
export function isRun(path: string): boolean {
  return !harmlessPaths.some(([, pattern]) => pattern.test(path));
}

/** True for files that say which libraries are used, in which versions. */
export function isManifest(path: string): boolean {
  return dependencyManifest.test(path);
}

/** How much is logged is set so; that can fill a disk. */
const logLevelSetting = /\blevel\b[^(]*[=:]/i;

function isLogText(line: string): boolean {
  if (logLevelSetting.test(line) && !line.includes('(')) return false;
  return logCall.test(line) || /^\s*(["'`].*["'`][,)]*\s*[\w.()]*[,)]*;?|[)\]};,]+)\s*$/.test(line);
}

/** True when only the versions of libraries moved. */
export function isDependencyBump(change: Change): boolean {
  return change.files.length > 0 && change.files.every((file) => isManifest(file.path));
}

/** True for configuration rather than code. */
export function isConfigOnly(change: Change): boolean {
  return (
    change.files.length > 0 &&
    change.files.every((file) =>
      /\.(ya?ml|json|toml|ini|conf|cfg|properties|env|tfvars|tf|hcl|xml)$|(^|\/)(config|settings|\.env)[^/]*$/i.test(
        file.path,
      ),
    )
  );
}

/** A path that names an environment other than production. */
export function isOtherEnvironment(path: string): boolean {
  return (
    /(^|[/._-])(staging|stage|dev|development|sandbox|qa|preview|local)([/._-]|$)/i.test(path) &&
    !/(^|\/)src\//.test(path)
  );
}

/** Source lines that do something: without comments, and without what is only logged. */
export function behaviourOnly(lines: readonly string[]): readonly string[] {
  return codeOnly(lines).filter((line) => !logCall.test(line));
}

/** Source lines without comments. */
export function codeOnly(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => !commentLine.test(line));
}
