import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { writeBundle } from '../../src/adapters/bundle/write.ts';
import { renderCompared } from '../../src/cli/compare-bundles.ts';
import { renderAnalysis } from '../../src/cli/render-analysis.ts';
import { run } from '../../src/cli/run.ts';
import { analyseBundle, type Analysis } from '../../src/domain/analysis/analysis.ts';
import { brokenFleet, culprit, harmless } from '../adapters/bundle/broken-fleet.ts';

let root = '';
let bundle = '';
let out = '';
let told = '';
beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'analyze-test-'));
  bundle = path.join(root, 'broken');
  await writeBundle(bundle, brokenFleet());
});
afterAll(() => rm(root, { recursive: true, force: true }));
beforeEach(() => {
  [out, told] = ['', ''];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => Boolean((out += String(text))) || true);
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => Boolean((told += String(text))) || true);
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** An answer that blames nobody, though it is about a service. */
function noFault(): Analysis {
  const analysis = analyseBundle(brokenFleet());
  const diagnosis = {
    ...analysis.diagnosis,
    verdict: 'no-fault',
    category: 'none',
    change: 'none',
    confidence: 0.6,
  } as const;
  return { ...analysis, diagnosis };
}

/** A folder with two copies of the bundle, one of which expects something else. */
async function collect(name: string, second: object): Promise<string> {
  const folder = path.join(root, name);
  for (const [copy, expected] of [
    ['one', { service: 'payment', change: culprit.id.slice(0, 9), blastRadius: ['web'], minConfidence: 0.2 }],
    ['two', second],
  ] as const) {
    await cp(bundle, path.join(folder, copy), { recursive: true });
    await writeFile(path.join(folder, copy, 'expected.json'), JSON.stringify(expected));
  }
  return folder;
}

test('analyze tells people the cause, what speaks for it, what was ruled out and what was missing, each with its evidence', async () => {
  expect(await run(['analyze', bundle])).toBe(0);
  expect(out).toContain(`payment: ${culprit.id} (code-change)`);
  expect(out).toMatch(/first failing service +payment/);
  expect(out).toMatch(/blast radius +web/);
  expect(out).toMatch(/remediation +deploy\.rollback/);
  expect(out).toMatch(/confidence +0\.\d\d/);
  expect(out).toMatch(/Why\n( {2}- .*\n)* {2}- .*TypeError.*\[payment\/logs\/1\]\n/);
  expect(out).toContain(
    `  - ${harmless.id.slice(0, 12)} ("Say hello"): it touches only documentation [web/changes/1, web/deploys/1]`,
  );
  expect(out).toMatch(/Missing\n {2}- payment: metrics .*Prometheus did not answer/);
});

test('a long query is cut in the table of evidence, so that no other row is padded to it', () => {
  const fleet = brokenFleet();
  const evidence = fleet.input.evidence.map((item) => ({
    ...item,
    evidence: { ...item.evidence, query: 'sum(rate(x)) '.repeat(70) },
  }));
  const long = { ...fleet, input: { ...fleet.input, evidence } };
  const table = renderAnalysis(long, analyseBundle(long)).split(/\n(?=.*EVIDENCE +CITED)/)[1] ?? '';
  expect(table).toMatch(/ (sum\(rate\(x\)\) ){4}sum\(rat… {2}/);
  expect(table).not.toMatch(/ {61}/);
});

test.skipIf(!existsSync('/dev/full'))('an answer that cannot be written ends with 1 and one line', () => {
  const full = openSync('/dev/full', 'w');
  const program = path.resolve(import.meta.dirname, '../../bin/resident.js');
  const { status, stderr } = spawnSync(process.execPath, [program, 'analyze', bundle], {
    stdio: ['ignore', full, 'pipe'],
    encoding: 'utf8',
  });
  closeSync(full);
  expect(stderr).toMatch(/^The output could not be written: ENOSPC.*\n$/);
  expect(status).toBe(1);
});

test('analyze --json has the names that programs rely on', async () => {
  expect(await run(['analyze', bundle, '--json'])).toBe(0);
  const { diagnosis, ranking } = JSON.parse(out) as { diagnosis: Record<string, unknown>; ranking: unknown[] };
  expect(diagnosis).toMatchObject({
    verdict: 'cause',
    service: 'payment',
    change: culprit.id,
    category: 'code-change',
    firstFailingService: 'payment',
    blastRadius: ['web'],
    remediation: 'deploy.rollback',
    missing: [expect.stringContaining('Prometheus did not answer')],
    ruledOut: expect.arrayContaining([expect.objectContaining({ candidate: harmless.id })]) as unknown,
  });
  expect(diagnosis['evidence']).toContain('payment/logs/1');
  expect(ranking[0]).toMatchObject({ service: 'payment', score: 1 });
});

test('a bundle with faults ends with 2 and all of them', async () => {
  const folder = path.join(root, 'faulty');
  await mkdir(path.join(folder, 'logs'), { recursive: true });
  await writeFile(path.join(folder, 'bundle.json'), '{"bundle": 1}');
  expect(await run(['analyze', folder])).toBe(2);
  expect(told).toMatch(/2 faults:\nbundle\.json service: is missing.*\nbundle\.json window: is missing/);
  expect(await run(['analyze', path.join(root, 'nowhere')])).toBe(2);
  expect(told).toContain('is no folder; give the folder of a bundle');
});

test('--compare holds many bundles against what is expected of them, and ends with 1 when one differs', async () => {
  const folder = await collect('mixed', { service: 'web', maxConfidence: 0.1 });
  expect(await run(['analyze', '--compare', folder])).toBe(1);
  expect(out).toMatch(/one +right +payment/);
  expect(out).toMatch(/two +wrong +payment/);
  expect(out).toMatch(/\ntwo\n {2}service is payment, expected web\n {2}confidence is 0\.\d+, expected 0\.1 or less\n/);
  const tooLong = out.split('\n').filter((line) => line.length > 80);
  expect(tooLong, 'a terminal of 80 columns shows the table').toEqual([]);
  expect(out).toContain('1 right, 1 wrong');
});

test('--compare ends with 0 when all are as expected, and --accept makes it so', async () => {
  const folder = await collect('accepted', { service: 'web' });
  expect(await run(['analyze', '--compare', '--accept', folder])).toBe(0);
  expect(await run(['analyze', '--compare', folder])).toBe(0);
});

test('--accept changes what differs in an expected.json, tells each old and new value, and keeps all else that people wrote', async () => {
  const written = { service: 'web', minConfidence: 0.2, maxConfidence: 0.3, blastRadius: ['web'] };
  const folder = await collect('kept', written);
  const read = async (name: string) =>
    JSON.parse(await readFile(path.join(folder, name, 'expected.json'), 'utf8')) as Record<string, unknown>;
  const one = await read('one');
  expect(await run(['analyze', '--compare', '--accept', folder])).toBe(0);
  expect(await read('one')).toEqual(one);
  const { maxConfidence, ...rest } = await read('two');
  expect(rest).toEqual({ service: 'payment', minConfidence: 0.2, blastRadius: ['web'] });
  expect(maxConfidence).toBeGreaterThan(0.3);
  expect(out).toContain(
    `\ntwo\n  expected.json service: web -> payment\n  expected.json maxConfidence: 0.3 -> ${String(maxConfidence)}\n`,
  );
  expect(out).not.toMatch(/\none\n/);
});

test('--accept writes a whole expected.json where there is none, and leaves a broken one as it is', async () => {
  const folder = await collect('new-and-broken', { servce: 'web' });
  await rm(path.join(folder, 'one', 'expected.json'));
  expect(await run(['analyze', '--compare', '--accept', folder])).toBe(2);
  const read = (name: string) => readFile(path.join(folder, name, 'expected.json'), 'utf8');
  expect(JSON.parse(await read('one'))).toMatchObject({ verdict: 'cause', service: 'payment', change: culprit.id });
  expect(await read('two')).toBe('{"servce":"web"}');
  expect(out).toContain('expected.json verdict: nothing -> cause');
  expect(out).toMatch(/two +broken/);
});

test('--compare names nobody beside an answer that blames nobody', async () => {
  const fleet = brokenFleet();
  const folder = path.join(root, 'calm');
  await writeBundle(path.join(folder, 'calm'), { ...fleet, input: { ...fleet.input, alerts: [], evidence: [] } });
  expect(await run(['analyze', '--compare', folder])).toBe(0);
  expect(out).toMatch(/calm +new +inconclusive +\d/);
  expect(renderCompared([{ bundle: 'b', result: 'new', differences: [], written: [], analysis: noFault() }])).toMatch(
    /b +new +no fault +0\.60/,
  );
});

test('--compare goes on past a bundle with faults, and ends with 2', async () => {
  const folder = await collect('broken-one', { servce: 'web' });
  expect(await run(['analyze', '--compare', folder, '--json'])).toBe(2);
  expect(JSON.parse(out)).toMatchObject([
    { result: 'right', diagnosis: { service: 'payment' } },
    { result: 'broken', differences: [expect.stringMatching(/^expected\.json servce: is not known; did you mean/)] },
  ]);
});

test('what makes no sense is refused', async () => {
  expect(await run(['analyze', bundle, bundle])).toBe(2);
  expect(told).toContain('only with --compare');
  expect(await run(['analyze', '--compare', path.join(root, 'nowhere')])).toBe(2);
  expect(told).toContain('nowhere does not exist');
  const empty = await mkdtemp(path.join(root, 'empty-'));
  expect(await run(['analyze', '--compare', empty])).toBe(2);
  expect(told).toContain('is no bundle and holds none');
  expect(await run(['analyze', root])).toBe(2);
  expect(told).toMatch(/is no bundle, and holds \d+ bundles?: .* resident analyze --compare /);
});
