import { describe, expect, it } from 'vitest';
import { renderDetails } from '../../../src/domain/report/render-details.ts';
import { renderPlan } from '../../../src/domain/report/render-plan.ts';
import { renderReport } from '../../../src/domain/report/report.ts';
import type { Reproduction, SandboxRun } from '../../../src/domain/reproduction/reproduction.ts';
import { renderProofText, tabulateRuns, tellEnd, toProof } from '../../../src/domain/reproduction/tabulate-runs.ts';
import { closedState } from '../../incident-state.ts';

const [bad, good] = ['b'.repeat(40), 'a'.repeat(40)];
const run = (revision: string, end: SandboxRun['end'], rest: Partial<SandboxRun> = {}): SandboxRun => ({
  service: 'app',
  revision,
  command: ['npm', 'test'],
  end,
  exitCode: end === 'passed' ? 0 : 1,
  durationMs: 400,
  outputTail: '',
  ...rest,
});
const reproduction: Reproduction = {
  verdict: 'reproduced',
  suspectService: 'app',
  suspect: bad,
  before: good,
  firstBad: bad,
  runs: [
    run(bad, 'failed', { match: 'same' }),
    run(good, 'passed'),
    run(bad, 'failed', { match: 'same', repeat: 1, durationMs: 900 }),
    run(good, 'passed', { repeat: 1 }),
    run('c'.repeat(40), 'timed-out', { service: 'db', exitCode: -1 }),
  ],
  imageDigest: `sha256:${'1'.repeat(64)}`,
  reason: '',
  signature: { type: 'TypeError', template: 'no total', frames: [] },
  match: 'same',
  matchReason: 'The same type and message.',
};

describe('the table of runs', () => {
  it('joins the runs of a revision that ended alike', () => {
    expect(renderProofText(toProof(reproduction))).toEqual([
      "service  revision      which      end                     time   production's failure  command",
      'app      bbbbbbbbbbbb  suspect    failed 2 times, exit 1  0.9 s  the same              npm test',
      'app      aaaaaaaaaaaa  before it  passed 2 times          0.4 s                        npm test',
      'db       cccccccccccc  other      timed-out               0.4 s                        npm test',
    ]);
  });

  it('marks what was not run this time, and does not join it with what was', () => {
    const known = 'kept from 2026-11-21 09:00 UTC';
    const runs = [run(bad, 'failed', { known }), run(bad, 'failed', { repeat: 1 })];
    const kept = { ...reproduction, runs };
    expect(tabulateRuns(kept).map(tellEnd)).toEqual([
      'failed, exit 1 (not run again: kept from 2026-11-21 09:00 UTC)',
      'failed, exit 1',
    ]);
    expect(renderReport({ ...closedState, reproduction: kept })).toContain(`failed (not run again: ${known})`);
  });

  it('is bounded, and says how much it leaves out', () => {
    const runs = Array.from({ length: 30 }, (_, index) => run(`${index}`.padStart(40, '0'), 'failed'));
    const proof = toProof({ ...reproduction, runs });
    expect(proof.rows).toHaveLength(12);
    expect(renderProofText(proof).at(-1)).toBe('and 18 more');
  });
});

describe('the proof', () => {
  it('tells once what the runs lacked', () => {
    const note = 'Its dependencies are not prepared. Run `resident images build app`.';
    const { notes } = toProof({ ...reproduction, runs: reproduction.runs.map((one) => ({ ...one, note })) });
    expect(notes.filter((one) => one === note)).toHaveLength(1);
  });

  const facts = { ...closedState.plan!, proof: toProof(reproduction) };

  it('stands in the text that is approved', () => {
    const text = renderPlan(facts);
    expect(text).toContain('Sandbox: reproduced, image sha256:111111111111');
    expect(text).toContain('failed 2 times, exit 1');
    expect(text).toContain("Production's failure: the same. The same type and message.");
  });

  it('stands on the page of the Temporal UI and in the report', () => {
    const state = { ...closedState, reproduction };
    for (const page of [renderDetails(state), renderReport(state)]) {
      expect(page).toContain('bbbbbbbbbbbb');
      expect(page).toContain('the same');
      expect(page).toContain('It fails with TypeError: no total');
    }
  });

  it('holds nothing of what a hostile output made of it', () => {
    const nasty = '\u001b]52;c;ZXZpbA==\u0007\u202egpj.exe | \n# head\n<img src=x>`';
    const hostile: Reproduction = {
      ...reproduction,
      runs: [run(bad, 'failed', { command: ['sh', '-c', nasty], match: 'unknown' })],
      signature: { type: nasty, template: nasty, frames: [{ file: nasty, line: 1 }], test: nasty },
      matchReason: nasty.repeat(50),
      frame: { service: 'app', revision: bad, file: nasty, line: 1, symbol: nasty, subject: nasty, commit: bad },
    };
    const state = { ...closedState, reproduction: hostile };
    const text = renderPlan({ ...closedState.plan!, proof: toProof(hostile) });
    for (const page of [text, renderDetails(state), renderReport(state)]) {
      expect(page).not.toMatch(/(?![\t\n])[\p{Cc}\u202a-\u202e]/u);
      expect(page).not.toContain('52;c;');
      expect(page).not.toMatch(/^# head/m);
    }
    expect(text.split('\n').every((line) => line.length < 700)).toBe(true);
    for (const line of renderReport(state)
      .split('\n')
      .filter((one) => one.includes('gpj.exe') && one.startsWith('|')))
      expect(line.match(/(?<!\\)\|/g)).toHaveLength(10);
    expect(renderReport(state).replace(/`[^`\n]*`/g, '')).not.toMatch(/(?<!\\)<img/);
  });

  it('tells of the runs of other services that were tried before', () => {
    expect(tabulateRuns(reproduction).map(({ what }) => what)).toEqual(['suspect', 'before it', 'other']);
  });
});
