import type { Reproduction, ReproductionVerdict, SandboxRun, SignatureMatch } from './reproduction.ts';
import { toOneLine } from '../text.ts';
import { describeChanges, describeFix } from './candidate-fix.ts';
import { describeLocation } from './location.ts';
import { describeSignature } from './signature.ts';

/** Runs of one revision that ended alike, in one row. Every text is on one line, without control characters, and short. */
export interface RunRow {
  readonly service: string;
  /** The first twelve digits. */
  readonly revision: string;
  readonly what: 'suspect' | 'first bad' | 'before it' | 'other';
  readonly command: string;
  readonly end: SandboxRun['end'];
  readonly exitCode: number;
  readonly times: number;
  /** The longest of them. */
  readonly durationMs: number;
  /** Whether the failure looks like production's; absent where it passed. */
  readonly match?: SignatureMatch;
  /** Why it was not run this time; absent where it was. */
  readonly known?: string;
}

/** What an approver is shown of a reproduction; part of the plan, and so of its digest. */
export interface Proof {
  readonly verdict: ReproductionVerdict;
  readonly rows: readonly RunRow[];
  /** How many rows were left out. */
  readonly left: number;
  /** Sentences: what failed, whether it is production's failure, where it shows; why there is no verdict. */
  readonly notes: readonly string[];
  readonly imageDigest: string;
}

const mostRows = 12;
const longestNote = 400;
const longestCommand = 160;

/** The runs as a bounded table, and what is to be said of them. */
export function toProof(reproduction: Reproduction, most = mostRows): Proof {
  const rows = tabulateRuns(reproduction);
  const { verdict, reason, signature, match, matchReason, frame, fix, shownBy, imageDigest } = reproduction;
  const shown = signature && frame ? { ...signature, frames: [] } : signature;
  const compared = matchReason && `Production's failure: ${matchWords[match ?? 'unknown']}. ${matchReason}`;
  const notes = [
    reason,
    shown && verdict !== 'cannot-run' ? `It fails with ${describeSignature(shown)}.` : '',
    compared && verdict !== 'cannot-run' ? compared : '',
    frame ? `It shows at ${describeLocation(frame)}.` : '',
    shownBy && verdict === 'reproduced' ? `Shown by: ${shownBy}.` : '',
    ...new Set(reproduction.runs.map(({ note = '' }) => note)),
    fix ? `Candidate fix: ${describeFix(fix)}` : '',
    fix?.changes ? `The candidate fix: ${describeChanges(fix)}` : '',
  ];
  return {
    verdict,
    rows: rows.slice(0, most),
    left: Math.max(0, rows.length - most),
    notes: notes.filter(Boolean).map((note) => toOneLine(note, longestNote)),
    imageDigest,
  };
}

export const matchWords: Readonly<Record<SignatureMatch, string>> = {
  same: 'the same',
  different: 'another one',
  unknown: 'could not be compared',
};

export function tabulateRuns(reproduction: Reproduction): readonly RunRow[] {
  const rows = new Map<string, RunRow>();
  for (const run of reproduction.runs) {
    const { service, revision, command, end, exitCode, match, durationMs, known } = run;
    const key = JSON.stringify([service, revision, command, end, exitCode, match, known]);
    const before = rows.get(key);
    rows.set(key, {
      service: toOneLine(service, 80),
      revision: revision.slice(0, 12),
      what: nameRevision(reproduction, run),
      command: toOneLine(command.join(' '), longestCommand),
      end,
      exitCode,
      times: (before?.times ?? 0) + 1,
      durationMs: Math.max(before?.durationMs ?? 0, durationMs),
      ...(match === undefined ? {} : { match }),
      ...(known === undefined ? {} : { known }),
    });
  }
  return [...rows.values()];
}

/** Which revision of the argument a run is of; the runs of other services that were tried first are `other`. */
export function nameRevision(
  { suspectService, suspect, before, firstBad }: Reproduction,
  { service, revision }: Pick<SandboxRun, 'service' | 'revision'>,
): RunRow['what'] {
  if (service !== suspectService) return 'other';
  if (revision === suspect) return 'suspect';
  if (revision === firstBad) return 'first bad';
  return revision === before ? 'before it' : 'other';
}

/**
 * `5 of 5 failed, exit 1` needs the others of its revision, so it is told row by row: `failed 5 times, exit 1`. What was not
 * run this time is marked, so that nobody takes it for fresh.
 */
export function tellEnd({ end, exitCode, times, known }: Pick<RunRow, 'end' | 'exitCode' | 'times' | 'known'>): string {
  const often = times > 1 ? ` ${times} times` : '';
  const mark = known === undefined ? '' : ` (not run again: ${known})`;
  return `${end}${often}${end === 'passed' || exitCode < 0 ? '' : `, exit ${exitCode}`}${mark}`;
}

/** The table in plain text, for a plan and a terminal: columns as wide as their widest cell. */
export function renderProofText({ rows, left }: Proof): readonly string[] {
  const cells = rows.map((row) => [
    row.service,
    row.revision,
    row.what,
    tellEnd(row),
    `${(row.durationMs / 1000).toFixed(1)} s`,
    row.match === undefined ? '' : matchWords[row.match],
    row.command,
  ]);
  const table = [['service', 'revision', 'which', 'end', 'time', "production's failure", 'command'], ...cells];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((line) => line[column]?.length ?? 0)));
  const lines = table.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return rows.length === 0 ? [] : [...lines, ...(left > 0 ? [`and ${left} more`] : [])];
}
