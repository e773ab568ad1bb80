import type { Reproduction } from '../reproduction/reproduction.ts';
import { code, duration, plain, table } from './report-markdown.ts';

/** The runs of a candidate fix and the tests that it breaks; what it came to stands among the notes of the reproduction. */
export function renderFixSection({ fix }: Reproduction): string {
  if (!fix) return '';
  const what = fix.source === 'revert' ? `taking back ${code(fix.of.slice(0, 12))}` : `written by ${plain(fix.of, 80)}`;
  const rows = fix.runs.map((run) => [
    plain(run.revision.slice(0, 12)),
    code(run.command.join(' ')),
    run.known === undefined ? run.end : `${run.end} (not run again: ${plain(run.known, 80)})`,
    String(run.exitCode),
    duration(run.durationMs),
    run.outputDigest === undefined ? '' : code(run.outputDigest.slice(0, 12)),
  ]);
  const broken = fix.newlyBroken.map((name) => `- ${plain(name, 200)}`).join('\n');
  return [
    `**Candidate fix** (${what}): **${fix.verdict}**. ${plain(fix.reason)}`.trim(),
    table(['revision', 'command', 'end', 'exit', 'time', 'output'], rows),
    broken === '' ? '' : `**Tests that it breaks**\n\n${broken}`,
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}
