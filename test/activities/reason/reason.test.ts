import { describe, expect, it } from 'vitest';
import { createExamineService } from '../../../src/activities/reason/examine-service.ts';
import { createReadEvidence } from '../../../src/activities/reason/read-evidence.ts';
import { createAbsentEngine } from '../../../src/activities/reason/absent-engine.ts';
import { createReason, type ReasonPorts } from '../../../src/activities/reason/reason.ts';
import { createAnalyst } from '../../../src/domain/analysis/analyst.ts';
import type { ReasonInput } from '../../../src/activities/contract.ts';
import type { Diagnosis } from '../../../src/domain/diagnosis/diagnosis.ts';
import { noUsage, type Engine, type EngineAnswer } from '../../../src/domain/diagnosis/engine.ts';
import type { Evidence } from '../../../src/domain/evidence/evidence.ts';
import { contractChange, shorterGrants } from '../../domain/analysis/contract-change.ts';

/** A store in memory whose digests are counted, not computed. */
function createStore() {
  const bodies = new Map<string, Buffer>();
  return {
    bodies,
    async put(content: Uint8Array | string) {
      const bytes = Buffer.from(content);
      const digest = `digest-${bodies.size}`;
      bodies.set(digest, bytes);
      return { digest, bytes: bytes.length };
    },
    async get(digest: string) {
      const bytes = bodies.get(digest);
      if (!bytes) throw Object.assign(new Error(`no body ${digest}`), { trouble: { retryable: false } });
      return bytes;
    },
  };
}

async function prepare() {
  const store = createStore();
  const incident = contractChange();
  const evidence: Evidence[] = [];
  for (const item of incident.evidence)
    evidence.push({ ...item.evidence, digest: (await store.put(JSON.stringify(item.body))).digest });
  const { service, alerts, dependencies } = incident;
  const input: ReasonInput = {
    incidentId: 'i',
    runId: 'r',
    round: 1,
    step: 1,
    service,
    alerts,
    dependencies,
    evidence,
    findings: [],
    guidance: [],
    rejected: [],
    mustAnswer: false,
  };
  return { store, input, evidence };
}

function engineOf(answer: EngineAnswer | Error): Engine {
  return {
    name: 'model',
    async step() {
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
}

const analyst = createAnalyst();
const reasonWith = (store: ReasonPorts['store'], primary: Engine, attempt = 1) =>
  createReason({ store, engines: { primary, fallback: analyst }, attempt: () => attempt });

async function diagnose(primary: Engine, more: Partial<ReasonInput> = {}, attempt = 1) {
  const { store, input } = await prepare();
  const step = await reasonWith(store, primary, attempt)({ ...input, ...more });
  if (step.kind !== 'diagnosis') throw new Error('asked questions');
  return step;
}

async function soundAnswer(change: Partial<Diagnosis>): Promise<EngineAnswer> {
  const { diagnosis } = await diagnose(analyst);
  return {
    kind: 'diagnosis',
    diagnosis: { ...diagnosis, engine: 'model', ...change },
    usage: { modelCalls: 1, inputTokens: 5, outputTokens: 5 },
  };
}

describe('reason', () => {
  it('loads bodies by digest and lets the analyst answer', async () => {
    const { diagnosis, usage } = await diagnose(analyst);
    expect(diagnosis).toMatchObject({
      verdict: 'cause',
      service: 'identity',
      change: shorterGrants.id,
      engine: 'analyst',
    });
    expect(usage).toEqual(noUsage);
  });

  it('says in the diagnosis that the engine of the settings could not work, and why', async () => {
    const { diagnosis, usage } = await diagnose(createAbsentEngine('claude', 'ANTHROPIC_API_KEY is not set'));
    expect(diagnosis).toMatchObject({ service: 'identity', engine: 'analyst' });
    expect(diagnosis.missing).toContain('claude did not answer: ANTHROPIC_API_KEY is not set');
    expect(usage).toEqual(noUsage);
  });

  it('takes a sound answer of the engine as it is', async () => {
    expect((await diagnose(engineOf(await soundAnswer({ confidence: 0.9 })))).diagnosis).toMatchObject({
      engine: 'model',
      confidence: 0.9,
    });
  });

  it.each([
    ['a change that was not collected', { change: 'f'.repeat(40), suspects: [] }],
    ['a change of another service', { service: 'ledger' }],
    ['a service that nobody knows', { service: 'elsewhere', change: 'none', suspects: [] }],
    ['evidence that does not exist', { statement: [{ text: 'it is so', evidence: ['identity/logs/99'] }] }],
    ['no evidence at all', { statement: [{ text: 'it is so', evidence: [] }] }],
  ] as const)('replaces an answer that names %s, says so, and still counts what it cost', async (_what, change) => {
    const { diagnosis, usage } = await diagnose(engineOf(await soundAnswer(change)));
    expect(diagnosis).toMatchObject({ engine: 'analyst', change: shorterGrants.id });
    expect(diagnosis.missing.join(' ')).toContain('The answer of model was not used');
    expect(usage.modelCalls).toBe(1);
  });

  it('stores the transcript of questions and hands it on with the answers', async () => {
    const { store, input } = await prepare();
    const call = { id: 'q1', name: 'read_evidence', evidenceId: 'identity/logs/1' } as const;
    const asked = await reasonWith(
      store,
      engineOf({ kind: 'questions', calls: [call], transcript: 'so far', usage: noUsage }),
    )(input);
    if (asked.kind !== 'questions') throw new Error('expected questions');
    const seen: unknown[] = [];
    const primary: Engine = {
      name: 'model',
      step: async (engineInput, context) => (seen.push(context), analyst.step(engineInput, {})),
    };
    await reasonWith(
      store,
      primary,
    )({ ...input, step: 2, transcriptDigest: asked.transcriptDigest, answers: [{ id: 'q1', text: 'lines' }] });
    expect(seen).toMatchObject([{ transcript: 'so far', answers: [{ id: 'q1', text: 'lines' }], mustAnswer: false }]);
  });

  it('lets the analyst answer when the steps are used up, or the engine cannot', async () => {
    const questions = engineOf({ kind: 'questions', calls: [], transcript: '', usage: noUsage });
    expect((await diagnose(questions, { mustAnswer: true })).diagnosis.engine).toBe('analyst');
    expect((await diagnose(engineOf(new Error('bad key')))).diagnosis.missing.join(' ')).toContain('bad key');
  });

  it('leaves what may pass to another attempt, for a few attempts', async () => {
    const busy = engineOf(Object.assign(new Error('overloaded'), { trouble: { retryable: true } }));
    await expect(diagnose(busy)).rejects.toThrow('overloaded');
    expect((await diagnose(busy, {}, 4)).diagnosis.engine).toBe('analyst');
  });

  it('names a body that is gone as a gap instead of failing', async () => {
    const { store, input } = await prepare();
    const evidence = input.evidence.map((item) => (item.id === 'ledger/logs/1' ? { ...item, digest: 'gone' } : item));
    const step = await reasonWith(store, analyst)({ ...input, evidence });
    expect(step).toMatchObject({ diagnosis: { change: shorterGrants.id } });
    expect(JSON.stringify(step)).toContain('its body could not be read');
  });
});

describe('examineService', () => {
  it('reports on one service from the store', async () => {
    const { store, evidence, input } = await prepare();
    const own = evidence.filter((item) => item.service === 'booking');
    const report = await createExamineService({ store })({
      service: 'booking',
      alerts: input.alerts,
      dependencies: ['identity', 'ledger'],
      evidence: own,
    });
    expect(report.suspects[0]).toBe('identity');
    expect(report.findings.find((finding) => finding.kind === 'call-failure')).toMatchObject({
      pointsTo: 'identity',
      claim: { evidence: ['booking/logs/1'] },
    });
  });
});

describe('readEvidence', () => {
  const ask = async (evidenceId: string, contains?: string) => {
    const { store, evidence } = await prepare();
    return (
      await createReadEvidence({ store })({
        evidence,
        call: { id: 'q', name: 'read_evidence', evidenceId, ...(contains === undefined ? {} : { contains }) },
      })
    ).text;
  };

  it('gives only the lines that contain the text, and cuts long answers with a word about it', async () => {
    expect(
      (await ask('identity/logs/1', 'REJECTED'))
        .split('\n')
        .every((line) => line.includes('rejected') || line.startsWith('(')),
    ).toBe(true);
    const whole = await ask('identity/logs/1');
    expect(whole.length).toBeLessThan(13_000);
    expect(whole).toMatch(/\(\d+ of \d+ lines shown/);
    expect(await ask('identity/changes/1')).toContain('+GRANT_TTL = 30 * 60');
  });

  it('says so for an unknown id and for a text that no line holds', async () => {
    expect(await ask('nobody/logs/1')).toContain('no evidence with this id');
    expect(await ask('identity/logs/1', 'unicorn')).toContain('None of');
  });
});
