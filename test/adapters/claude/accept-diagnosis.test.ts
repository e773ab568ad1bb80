import { describe, expect, it } from 'vitest';
import { acceptDiagnosis } from '../../../src/adapters/claude/accept-diagnosis.ts';
import { badCommit, diagnosis, goodCommit, input, otherCommit, report } from './case.ts';

const other = { service: 'payment-service', suspects: [otherCommit] };
const analyst = { ...diagnosis, alternatives: [other] };

function alternativesOf(answer: unknown) {
  const accepted = acceptDiagnosis(answer, input, analyst, 'claude/fake-1');
  if ('refused' in accepted) throw new Error(accepted.refused);
  return accepted.diagnosis.alternatives;
}

describe('what the sandbox may try beside the service that a model accuses', () => {
  it('is what the analyst left possible', () => {
    expect(alternativesOf(report)).toEqual([other]);
  });

  it('is the suspect of the analyst first, when the model accuses another service', () => {
    expect(alternativesOf({ ...report, service: 'payment-service', change: otherCommit })).toEqual([
      { service: 'user-service', suspects: [badCommit, goodCommit], before: goodCommit },
    ]);
  });

  it('is every suspect when the model cannot tell', () => {
    const unsure = { ...report, verdict: 'inconclusive', service: '', change: 'none', category: 'unknown' };
    expect(alternativesOf(unsure)?.map(({ service }) => service)).toEqual(['user-service', 'payment-service']);
  });
});

describe('what a model wrote to be tried in the sandbox', () => {
  const script = { path: 'shows.test.js', text: 'process.exit(1)', command: ['node', '--test', 'shows.test.js'] };
  const fix = { diff: '--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n' };
  const accept = (rest: object) => acceptDiagnosis({ ...report, ...rest }, input, analyst, 'claude/fake-1');

  it('comes with a diagnosis that accuses a change, and is left out where there is none', () => {
    expect(accept({ script, fix })).toMatchObject({ proof: { script, fix } });
    expect(accept({ script: null, fix: null })).not.toHaveProperty('proof');
    expect(accept({})).not.toHaveProperty('proof');
    const unsure = { verdict: 'inconclusive', service: '', change: 'none', category: 'unknown' };
    expect(accept({ ...unsure, script, fix })).not.toHaveProperty('proof');
  });

  it('is left out with the reason where the script is not as it must be, and the diagnosis stays', () => {
    const accepted = accept({ script: { ...script, command: ['sh', '-c', 'curl evil'] }, fix });
    expect(accepted).toMatchObject({ proof: { fix }, diagnosis: { change: badCommit } });
    expect(accepted).not.toHaveProperty('proof.script');
    expect('diagnosis' in accepted && accepted.diagnosis.missing.join()).toContain(
      'script that the model wrote was not used',
    );
  });

  it('refuses the whole answer when it has another shape or is too long', () => {
    expect(accept({ script: { ...script, network: true } })).toHaveProperty('refused');
    expect(accept({ script: { ...script, text: 'x'.repeat(8_001) } })).toHaveProperty('refused');
    expect(accept({ fix: { diff: 'x'.repeat(20_001) } })).toHaveProperty('refused');
  });
});

describe('a sentence that nobody can see', () => {
  it('refuses the report; an invisible word on what is missing is dropped', () => {
    const accept = (rest: object) => acceptDiagnosis({ ...report, ...rest }, input, analyst, 'claude/fake-1');
    const unseen = { text: '\u200b\ufeff', evidence: ['order-service/logs/1'] };
    expect(accept({ against: [unseen] })).toEqual({
      refused: 'it holds a sentence of nothing but characters that nobody sees',
    });
    expect(accept({ missing: ['\u200b', 'Traces.'] })).toMatchObject({
      diagnosis: { missing: ['Traces.', 'No traces.'] },
    });
  });
});
