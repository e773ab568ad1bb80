import type { EngineContext } from '../../../src/domain/diagnosis/engine.ts';
import { call, input } from './case.ts';
import { createDyingEngine } from './dying-engine.ts';

/** A whole conversation in a process of its own, for tests that kill it. */
const engine = await createDyingEngine();
let soFar: Pick<EngineContext, 'transcript' | 'answers'> = {};
for (let step = 1; ; step += 1) {
  const next = await engine.step(input, { call: { ...call, step }, ...soFar });
  if (next.kind === 'diagnosis') {
    process.stdout.write(JSON.stringify({ step, engine: next.diagnosis.engine }));
    break;
  }
  soFar = {
    transcript: next.transcript,
    answers: next.calls.map(({ id, name }) => ({ id, text: `${name} answered` })),
  };
}
