import { isLockfile } from '../../domain/evidence/change-kind.ts';
import type { FileChange } from '../../domain/evidence/evidence.ts';

const limits = { file: 20_000, minor: 1_500, commit: 100_000 } as const;

const generated =
  /(?:^|\/)(?:dist|build|vendor|node_modules|__snapshots__|\.yarn)\/|\.min\.(?:js|css)$|\.(?:map|snap|svg|pb\.go|g\.dart|csv)$|_pb2(?:_grpc)?\.py$|\.generated\.|(?:^|\/)zz_generated/;

/** Splits one commit's patch by file and keeps it within limits: a lock file must not crowd out the line that broke the service. */
export function cutDiffs(patch: string, isCut: boolean): readonly FileChange[] {
  const parts = patch.split(/^(?=diff --(?:git|cc|combined) )/m).filter((part) => part.startsWith('diff --'));
  let left: number = limits.commit;
  return parts.map((part, index) => {
    const file = readPath(part);
    const minor = isLockfile(file) ? 'lock file' : generated.test(file) ? 'generated or vendored' : undefined;
    const limit = Math.min(minor ? limits.minor : limits.file, left);
    const isLastOfCut = isCut && index === parts.length - 1;
    const diff = shorten(part.trimEnd(), limit, minor ?? 'long', isLastOfCut);
    left = Math.max(0, left - diff.length);
    return { path: file, diff };
  });
}

function shorten(diff: string, limit: number, what: string, isLastOfCut: boolean): string {
  if (diff.length <= limit) return isLastOfCut ? `${diff}\n(cut: the commit's diff is longer than is read)` : diff;
  const lines = diff.split('\n');
  const added = lines.filter((line) => line.startsWith('+') && !line.startsWith('+++')).length;
  const removed = lines.filter((line) => line.startsWith('-') && !line.startsWith('---')).length;
  const kept = diff.slice(0, Math.max(0, diff.lastIndexOf('\n', limit)));
  return `${kept}\n(cut: ${what} diff, ${added} lines added and ${removed} removed in all)`;
}

function readPath(part: string): string {
  const head = part.split('\n', 12);
  const find = (start: string) => head.find((line) => line.startsWith(start))?.slice(start.length);
  const named = [find('+++ '), find('--- ')].find((name) => name !== undefined && name !== '/dev/null');
  if (named !== undefined) return unquote(named).replace(/^[ab]\//, '');
  const moved = find('rename to ') ?? find('copy to ');
  if (moved !== undefined) return unquote(moved);
  const first = head[0] ?? '';
  const combined = /^diff --(?:cc|combined) (.*)$/.exec(first)?.[1];
  if (combined !== undefined) return unquote(combined);
  // Of `diff --git a/x b/x` both halves are the same when nothing else names the file (mode changes, binaries).
  const both = first.slice('diff --git '.length);
  return unquote(both.slice(0, Math.floor(both.length / 2))).replace(/^a\//, '');
}

function unquote(name: string): string {
  const bare = name.replace(/\t$/, '');
  return bare.startsWith('"') ? bare.slice(1, -1).replace(/\\(["\\])/g, '$1') : bare;
}
