import { readFrames } from '../analysis/symptoms.ts';
import type { Change, LogLine } from '../evidence/evidence.ts';

/** A file of a service's source at one revision. */
export interface SourceFile {
  readonly path: string;
  readonly bytes: number;
}

/** Which lines of which file to show, and why. `toLine` is inclusive; absent for the whole file. */
export interface ChosenExcerpt {
  readonly path: string;
  readonly fromLine: number;
  readonly toLine?: number;
  readonly why: string;
}

export interface SourceHints {
  /** Failing lines of the service's logs. */
  readonly failing: readonly LogLine[];
  /** Commits of the service, oldest first. */
  readonly changes: readonly Change[];
}

/** So many lines around the one that a frame names. */
const aroundFrame = 30;
const mostExcerpts = 40;
const mostWholeBytes = 40_000;
/** Files that say what a service is and how it is set up, wherever they lie. */
const telling =
  /(?:^|\/)(?:package\.json|pyproject\.toml|requirements\.txt|go\.mod|pom\.xml|Dockerfile|README(?:\.\w+)?|[\w.-]*config[\w.-]*\.(?:json|ya?ml|toml|js|ts|py))$/i;
const generated =
  /(?:^|\/)(?:node_modules|vendor|dist|build|target|\.git)\/|\.(?:lock|min\.js|map|svg|png|jpe?g|gif|ico|pdf|woff2?)$|(?:^|\/)(?:package-lock\.json|go\.sum|pnpm-lock\.yaml)$/i;

/**
 * Ranks what of a service's source an engine should see: the surroundings of stack frames of failing lines, then the files that
 * the newest commits changed, then manifests and configuration, then the rest from small to large. O(files + frames).
 */
export function chooseSource(
  files: readonly SourceFile[],
  { failing, changes }: SourceHints,
): readonly ChosenExcerpt[] {
  const shown = files.filter(({ path }) => !generated.test(path));
  const chosen = new Map<string, ChosenExcerpt>();
  const add = (excerpt: ChosenExcerpt) => {
    const key = `${excerpt.path}:${excerpt.fromLine}`;
    if (chosen.size < mostExcerpts && !chosen.has(key)) chosen.set(key, excerpt);
  };
  for (const line of failing) {
    for (const { file, line: number = 1 } of readFrames(textOf(line), '')) {
      const found = shown.find(({ path }) => file === path || file.endsWith(`/${path}`) || path.endsWith(`/${file}`));
      if (!found) continue;
      // Frames that lie near each other share an excerpt.
      const fromLine = Math.max(1, Math.floor((number - aroundFrame) / aroundFrame) * aroundFrame + 1);
      add({
        path: found.path,
        fromLine,
        toLine: fromLine + 3 * aroundFrame,
        why: `line ${number} is named by a stack frame`,
      });
    }
  }
  const whole = (path: string, why: string) => {
    const file = shown.find((one) => one.path === path);
    if (file && file.bytes <= mostWholeBytes) add({ path, fromLine: 1, why });
  };
  for (const change of changes.toReversed())
    for (const { path } of change.files) whole(path, `changed by ${change.id.slice(0, 12)}`);
  for (const { path } of shown) if (telling.test(path)) whole(path, 'says how the service is built or set up');
  const rest = shown.toSorted((a, b) => a.bytes - b.bytes || (a.path < b.path ? -1 : 1));
  for (const { path, bytes } of rest) if (bytes > 0) whole(path, 'part of the service');
  return [...chosen.values()];
}

/** Loggers put a stack into the message or into a field of its own. */
function textOf({ message, fields }: LogLine): string {
  return [message, ...Object.values(fields).filter((value) => typeof value === 'string')].join('\n');
}
