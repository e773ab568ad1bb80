import { describe, expect, it } from 'vitest';
import { findUnknownCitations, inconclusive, type Diagnosis } from '../../../src/domain/diagnosis/diagnosis.ts';
import { listSuspectServices, reconcile } from '../../../src/domain/diagnosis/reconcile.ts';
import { cannotRun, type Reproduction } from '../../../src/domain/reproduction/reproduction.ts';

const culprit = 'b'.repeat(40);
const before = 'a'.repeat(40);
const other = 'c'.repeat(40);

const blamed: Diagnosis = {
  ...inconclusive('', 'analyst'),
  verdict: 'cause',
  service: 'order',
  change: other,
  category: 'code-change',
  confidence: 0.8,
  statement: [{ text: 'it fits', evidence: ['order/logs/1'] }],
  suspects: [other],
  alternatives: [{ service: 'stock', suspects: [culprit] }],
};

const runs: Reproduction['runs'] = [
  { service: 'stock', revision: culprit, command: ['test'], end: 'failed', exitCode: 1, durationMs: 1, outputTail: '' },
];

function reproduced(suspectService: string, suspect: string): Reproduction {
  return { verdict: 'reproduced', suspectService, suspect, before, runs, imageDigest: 'i', reason: '', match: 'same' };
}

const reconciled = (diagnosis: Diagnosis, reproduction: Reproduction) =>
  reconcile(diagnosis, reproduction, [], `${reproduction.suspectService}/reproduction/1`);

describe('reconcile', () => {
  it('strengthens a diagnosis that the sandbox confirms, and cites the runs', () => {
    const { diagnosis, evidence } = reconciled(blamed, reproduced('order', other));
    expect(diagnosis).toMatchObject({ service: 'order', change: other, before, confidence: 0.95 });
    expect(diagnosis.statement.at(-1)?.evidence).toEqual(['order/reproduction/1']);
    expect(findUnknownCitations(diagnosis, ['order/logs/1', ...evidence.map((item) => item.id)])).toEqual([]);
  });

  it('says of the good revision that it ran only where a deploy record does', () => {
    const deploy = (service: string, replaces: string) => ({
      id: `${service}/finding/1`,
      service,
      kind: 'deploy' as const,
      claim: { text: 'deployed', evidence: [] },
      weight: 0.4,
      replaces,
    });
    const claimOf = (findings: ReturnType<typeof deploy>[], run = reproduced('order', other)) =>
      reconcile(blamed, run, [], 'order/reproduction/1', findings).diagnosis.statement.at(-1)?.text;
    expect(claimOf([])).toContain('not with aaaaaaaaaaaa, the commit before it;');
    expect(claimOf([deploy('stock', before), deploy('order', culprit)])).toContain('the commit before it');
    expect(claimOf([deploy('order', before.slice(0, 8))])).toContain('not with aaaaaaaaaaaa, which ran before;');
    const unsure = { ...reproduced('order', other), candidates: [culprit, other] };
    expect(claimOf([], unsure)).toContain('not with aaaaaaaaaaaa, an earlier commit;');
  });

  it('is neither for nor against where the command failed in another way than production, and says so', () => {
    const failsEverywhere: Reproduction = {
      ...reproduced('order', other),
      verdict: 'not-reproduced',
      reason: 'The command fails everywhere.',
      signature: { template: 'broken here', frames: [] },
    };
    const unclear = reconciled(blamed, { ...failsEverywhere, match: 'unknown' });
    expect(unclear.diagnosis).toMatchObject({ confidence: blamed.confidence, against: blamed.against });
    expect(unclear.diagnosis.missing.at(-1)).toContain('The command fails everywhere.');
    expect(unclear.evidence).toHaveLength(1);
    expect(reconciled(blamed, { ...failsEverywhere, match: 'same' }).diagnosis.confidence).toBeLessThan(0.5);
  });

  it('believes a failure less that could not be compared with that of production, and says so', () => {
    const { diagnosis } = reconciled(blamed, { ...reproduced('order', other), match: 'unknown' });
    expect(diagnosis.confidence).toBe(0.9);
    expect(diagnosis.statement.at(-1)?.text).toContain('could not be compared');
    const { match: _, ...untold } = reproduced('stock', culprit);
    expect(reconciled(blamed, untold).diagnosis.confidence).toBe(0.75);
    expect(reconciled(blamed, reproduced('stock', culprit)).diagnosis.confidence).toBe(0.85);
  });

  it('names the line where it shows, and its last commit, where that is code of the accused service', () => {
    const frame = {
      service: 'order',
      revision: other,
      file: 'src/total.js',
      line: 12,
      commit: other,
      subject: 'Count vat',
    };
    const claimOf = (place: typeof frame) =>
      reconciled(blamed, { ...reproduced('order', other), frame: place }).diagnosis.statement.at(-1)?.text;
    expect(claimOf(frame)).toContain('src/total.js:12 of order, which cccccccccccc last touched: "Count vat"');
    expect(claimOf({ ...frame, service: 'stock' })).not.toContain('src/total.js');
  });

  it('names the first bad commit of the window where bisection found another one', () => {
    const { diagnosis } = reconciled(blamed, { ...reproduced('order', other), firstBad: culprit });
    expect(diagnosis.change).toBe(culprit);
    expect(diagnosis.suspects).toEqual([culprit, other]);
    expect(diagnosis.ruledOut[0]).toMatchObject({ candidate: other, evidence: ['order/reproduction/1'] });
    expect(diagnosis.statement[0]?.evidence).toEqual(['order/reproduction/1']);
  });

  it('says what the commit is that bisection found, before what was argued of another one', () => {
    const claim = { text: 'Commit bbbb (`Keep the limit`).', evidence: ['order/changes/1'] };
    const finding = {
      id: 'order/finding/1',
      service: 'order',
      kind: 'change',
      claim,
      weight: 0.3,
      subject: culprit,
    } as const;
    const run = { ...reproduced('order', other), firstBad: culprit };
    const { diagnosis } = reconcile(blamed, run, [], 'order/reproduction/1', [finding]);
    expect(diagnosis.statement.map(({ text }) => text).slice(1)).toEqual([claim.text, 'it fits']);
    expect(diagnosis.evidence).toContain('order/changes/1');
  });

  it('accuses the service that the sandbox proves, and says that the first one is overturned', () => {
    const { diagnosis } = reconciled(blamed, reproduced('stock', culprit));
    expect(diagnosis).toMatchObject({ verdict: 'cause', service: 'stock', change: culprit, before });
    expect(diagnosis.ruledOut[0]).toMatchObject({ candidate: other });
  });

  it('turns an inconclusive diagnosis into a cause when the sandbox decides between rivals', () => {
    const open = {
      ...inconclusive('two rivals', 'analyst'),
      alternatives: [{ service: 'stock', suspects: [culprit] }],
    };
    expect(listSuspectServices(open)).toEqual([{ service: 'stock', suspects: [culprit] }]);
    expect(reconciled(open, reproduced('stock', culprit)).diagnosis).toMatchObject({
      verdict: 'cause',
      change: culprit,
    });
  });

  it('weakens a strong argument that is not confirmed, and makes a weak one inconclusive', () => {
    const denied: Reproduction = { ...reproduced('order', other), verdict: 'not-reproduced', reason: 'passes on both' };
    expect(reconciled(blamed, denied).diagnosis).toMatchObject({ verdict: 'cause', change: other, confidence: 0.4 });
    const weak = reconciled({ ...blamed, confidence: 0.5 }, denied).diagnosis;
    expect(weak).toMatchObject({ verdict: 'inconclusive', service: '', change: 'none', suspects: [], confidence: 0 });
    expect(weak.ruledOut[0]?.candidate).toBe(other);
  });

  it('changes nothing but says so when the sandbox could not run', () => {
    const { diagnosis, evidence } = reconciled(blamed, cannotRun('no engine'));
    expect(diagnosis).toMatchObject({ confidence: 0.8, change: other });
    expect(diagnosis.missing).toEqual(['Not reproduced: no engine']);
    expect(evidence).toEqual([]);
  });

  it('tries nothing where the cause is no change', () => {
    expect(listSuspectServices({ ...blamed, change: 'none' })).toEqual([]);
    expect(listSuspectServices({ ...blamed, verdict: 'no-fault' })).toEqual([]);
  });
});
