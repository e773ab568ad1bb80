import type { Frame } from '../symptoms.ts';
import type { Hunk } from './diffs.ts';

/** The frame that speaks most for a diff. */
export interface FrameMatch {
  /** 0 to 1. */
  readonly strength: number;
  /** How the frame stands to the changed lines, as part of a sentence. */
  readonly because: string;
  readonly evidence: readonly string[];
}

/**
 * A stack frame on a changed line is the strongest sign. One on a line that stayed is weaker: it may fail at what lines above it do now, and
 * hardly at what lines below it do, which had not run yet, unless they handle its failure.
 */
const strengths = {
  changed: { strength: 0.92, how: 'is one of its changed lines' },
  removed: { strength: 0.92, how: 'comes right after lines that it takes away' },
  below: { strength: 0.6, how: 'is near its changed lines, a few lines below them, and did not change itself' },
  handled: { strength: 0.6, how: 'is near its changed lines, which handle what fails there' },
  above: { strength: 0.25, how: 'is near its changed lines, above them, and did not change itself' },
  inFunction: { strength: 0.45, how: 'is in a function that it changes elsewhere' },
  inFile: { strength: 0.25, how: 'is in a file that it changes elsewhere' },
  /** Of a diff that does not number its lines nothing nearer is known. */
  unnumberedFunction: { strength: 0.88, how: 'is in a function that it changes' },
  unnumberedFile: { strength: 0.6, how: 'is in a file that it changes' },
} as const;

/** What catches an exception, or runs whether there was one or not. */
const handler = /\b(catch|except|rescue|finally|ensure|recover)\b/;

/**
 * Holds the frames of the symptoms, innermost first, against the exact lines of a diff.
 * That faults lie near the top of a stack is measured by Schröter, Bettenburg and Premraj ("Do stack traces help developers fix
 * bugs?", MSR 2010); the strengths are our own. O(f · n) for f frames and n lines of the diff.
 */
export function matchFrames(hunks: readonly Hunk[], frames: readonly Frame[]): FrameMatch {
  let best: FrameMatch = { strength: 0, because: '', evidence: [] };
  frames.forEach((frame, depth) => {
    // The innermost frame of one's own failed; the ones outside of it only led there.
    const nearness = 1 / (1 + depth);
    for (const hunk of hunks) {
      if (!isSameFile(hunk.path, frame.file)) continue;
      const place = strengths[findPlace(hunk, frame)];
      const strength = nearness * place.strength;
      if (strength > best.strength) {
        best = {
          strength,
          because: `the stack frame ${hunk.path}:${frame.line ?? '?'} ${place.how}`,
          evidence: [frame.evidenceId],
        };
      }
    }
  });
  return best;
}

function findPlace(hunk: Hunk, { line, symbol }: Frame): keyof typeof strengths {
  const text = [hunk.header, ...hunk.removed, ...hunk.added].join('\n');
  const namesSymbol = symbol.length >= 3 && new RegExp(`\\b${symbol}\\b`).test(text);
  const { start, length = 1 } = hunk;
  if (start === undefined || line === undefined) return namesSymbol ? 'unnumberedFunction' : 'unnumberedFile';
  if (hunk.addedAt.includes(line)) return 'changed';
  if (hunk.removedAt.includes(line)) return 'removed';
  const touched = [...hunk.addedAt, ...hunk.removedAt];
  const isInside = line >= start && line < start + Math.max(1, length);
  if (isInside && touched.some((at) => at < line)) return 'below';
  if (isInside && touched.length > 0) return hunk.lines.some((text) => handler.test(text)) ? 'handled' : 'above';
  // Lines that both sides number and that do not meet are a sign against, even within one file.
  return namesSymbol ? 'inFunction' : 'inFile';
}

/** Stack traces name files by their end (`services/a/b.go`, `b.go`, `/app/src/b.js`). */
function isSameFile(path: string, frameFile: string): boolean {
  const a = path.split('/').reverse();
  const b = frameFile
    .replace(/^(\.\/|\/)/, '')
    .split('/')
    .reverse();
  if (a[0] !== b[0]) return false;
  const shared = a.findIndex((part, i) => part !== b[i]);
  return shared === -1 || shared >= Math.min(2, b.length) || b.length === 1;
}
