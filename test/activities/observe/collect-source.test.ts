import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCollectSource } from '../../../src/activities/observe/collect-source.ts';
import type { Evidence, EvidenceBody, SourceBody } from '../../../src/domain/evidence/evidence.ts';
import { createRepository, type FakeRepository } from '../../fakes/repository.ts';
import { at, inputFor, openCase, settingsOf } from './observe-case.ts';

let world: Awaited<ReturnType<typeof openCase>>;
let order: FakeRepository;
let deployed: string;
const code = (word: string) => Array.from({ length: 200 }, (_, i) => `const ${word}${i + 1} = ${i + 1};`).join('\n');
beforeEach(async () => {
  world = await openCase();
  order = createRepository(path.join(world.folder, 'order'));
  deployed = order.commit(at(0), 'Take orders', {
    'src/order.js': `${code('ran')}\nconst key = 'known-secret-value';\n`,
    'package.json': '{ "name": "order" }',
  });
  order.commit(at(50), 'Not deployed yet', { 'src/order.js': code('later') });
});
afterEach(() => world.close());

async function asEvidence(body: EvidenceBody): Promise<Evidence> {
  const { kind, service } = body;
  const window = { from: at(0), to: at(59) };
  const told = { source: 'test', query: '', window, outcome: 'found', summary: kind } as const;
  return { id: `${service}/${kind}/1`, service, kind, ...told, ...(await world.store.putBody(body)) };
}

/** Two errors of the service `order`, whose frames lie far apart in one file. */
function logsOf(service: string): Promise<Evidence> {
  const lines = [35, 36].map((minute, i) => {
    const message = `TypeError: no\n    at take (/app/src/order.js:${i === 0 ? 40 : 160}:5)`;
    return { at: at(minute), level: 'error', message, fields: {} } as const;
  });
  return asEvidence({ kind: 'logs', service, incidentFrom: at(30), lines });
}

function deploysOf(service: string): Promise<Evidence> {
  const deploy = { id: 'd1', service, revision: deployed, at: at(1), status: 'succeeded' } as const;
  return asEvidence({ kind: 'deploys', service, deploys: [deploy] });
}

async function collect(evidence: readonly Evidence[]) {
  const reads: string[] = [];
  const git = {
    ...world.git,
    readFile: (...asked: Parameters<typeof world.git.readFile>) => {
      reads.push(asked[2]);
      return world.git.readFile(...asked);
    },
  };
  const services = { order: settingsOf('order', { source: order.folder }) };
  const collected = await createCollectSource({ ...world, git, services })({
    ...inputFor('order', 'source'),
    evidence,
  });
  const body = collected.digest === undefined ? undefined : await world.store.getBody(collected.digest);
  return { collected, reads, excerpts: (body as SourceBody | undefined)?.excerpts ?? [] };
}

describe('the source that an engine has before it', () => {
  it('is that of the deploy, around the frames of the errors first, with each file read once', async () => {
    const { collected, excerpts, reads } = await collect([await logsOf('order'), await deploysOf('order')]);
    expect(collected).toMatchObject({ outcome: 'found', query: deployed });
    const [first, second] = excerpts;
    expect(first).toMatchObject({ path: 'src/order.js', revision: deployed, why: 'line 40 is named by a stack frame' });
    expect(first?.text.split('\n')[40 - (first?.fromLine ?? 0)]).toBe('const ran40 = 40;');
    expect(second?.text.split('\n')[160 - (second?.fromLine ?? 0)]).toBe('const ran160 = 160;');
    expect(excerpts.map((excerpt) => excerpt.path)).toContain('package.json');
    expect(reads.toSorted()).toEqual(['package.json', 'src/order.js']);
  });

  it('holds no secret', async () => {
    const { excerpts } = await collect([await logsOf('order'), await deploysOf('order')]);
    const text = excerpts.map((excerpt) => excerpt.text).join('\n');
    expect(text).toContain('const key');
    expect(text).not.toContain('known-secret-value');
  });

  it('is what is checked out where no deploy is known, and chosen by the evidence of the service alone', async () => {
    const { excerpts } = await collect([await logsOf('user'), await deploysOf('user')]);
    expect(excerpts.map(({ why }) => why)).not.toContain('line 40 is named by a stack frame');
    expect(excerpts.find((excerpt) => excerpt.path === 'src/order.js')?.text).toContain('later');
  });

  it('is a gap where none is configured', async () => {
    const none = createCollectSource({ ...world, services: { order: settingsOf('order') } });
    expect(await none({ ...inputFor('order', 'source'), evidence: [] })).toMatchObject({ outcome: 'empty' });
  });
});
