import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readTree, writeTree, type TreeFile } from '../../../src/activities/candidate-fix/source-tree.ts';
import { tryWays } from '../../../src/activities/sandbox/try-ways.ts';
import type { RunOrder, RunReport } from '../../../src/adapters/docker/sandbox.ts';
import type { SandboxRequest, SourceArchive } from '../../../src/domain/reproduction/reproduction.ts';
import { describeFix, listChanges, type FixOrder } from '../../../src/domain/reproduction/candidate-fix.ts';
import { createBodyStore } from '../../fakes/body-store.ts';
import { makeSandboxRequest } from '../../fakes/sandbox-request.ts';
import { toProof } from '../../../src/domain/reproduction/tabulate-runs.ts';

type Files = Readonly<Record<string, string>>;
const store = createBodyStore();
const toTar = (files: Files) =>
  writeTree(
    new Map(
      Object.entries(files).map(([name, text]): [string, TreeFile] => [
        name,
        { type: 'file', mode: 0o644, content: Buffer.from(text) },
      ]),
    ),
  );
async function archive(revision: string, files: Files): Promise<SourceArchive> {
  return { service: 'app', revision, ...(await store.put(await toTar(files))) };
}

const order: FixOrder = { test: { image: 'python', setup: [['make']], command: ['all', 'tests'] } };
const tests = (order: RunOrder) => order.command[0] === 'all';

/** The last commit changes hours and limit; whoever reads `hours=1` fails. */
const trees: readonly Files[] = [
  { hours: '24', limit: '5' },
  { hours: '1', limit: '9' },
];

async function run(
  runs: (files: Files, order: RunOrder) => Partial<RunReport> & { readonly text?: string },
  {
    fix = order,
    history = trees,
    times = Infinity,
    expected = [],
  }: {
    fix?: FixOrder;
    history?: readonly Files[];
    times?: number;
    expected?: NonNullable<SandboxRequest['expected']>;
  } = {},
) {
  const orders: { readonly files: Files; readonly order: RunOrder }[] = [];
  const request = makeSandboxRequest({
    command: ['shows', 'it'],
    revisions: await Promise.all(history.map((files, index) => archive(`r${index}`.padEnd(40, '0'), files))),
    suspectIndex: 1,
    expected,
    fix,
  });
  const result = await tryWays(request, {
    runTimeoutMs: 9_000,
    signal: new AbortController().signal,
    hasTime: () => orders.length < times,
    onPhase: () => undefined,
    report: () => undefined,
    finishedBefore: () => [],
    store,
    sandbox: {
      ensureImage: async (image) => ({ id: `sha256:${image}`, tag: image, source: 'present', durationMs: 1 }),
      packSource: async (service, tar) => {
        const treeDigest = createHash('sha256').update(tar).digest('hex');
        return { service, treeDigest, entries: tar, unpackedBytes: tar.length, files: 1 };
      },
      runGroup: () => Promise.reject(new Error('No request is replayed here.')),
      run: async (one) => {
        const files = Object.fromEntries(
          [...(await readTree(one.sources[0]!.entries))].map(([name, file]) => [
            name,
            'content' in file ? file.content.toString() : '',
          ]),
        );
        orders.push({ files, order: one });
        const { text = '', ...rest } = runs(files, one);
        const base = { end: 'passed', exitCode: 0, durationMs: 2_500, totalBytes: 0 } as const;
        return { ...base, output: Buffer.from(text), ...rest };
      },
    },
  });
  return { result, orders };
}

const failed = (text = '') => ({ end: 'failed' as const, exitCode: 1, text });
/** What Node's TAP reporter writes of two tests of the service and of these failing ones. */
const report = (failing: readonly string[], passing: readonly string[] = ['one', 'two']) =>
  [
    ...passing.map((name, n) => `ok ${n + 1} - ${name}`),
    ...failing.map((name, n) => `not ok ${n + 1 + passing.length} - ${name}`),
    `# tests ${passing.length + failing.length}`,
    '',
  ].join('\n');
const tap = (...names: readonly string[]) => failed(report(names));
const shownPassed = { text: report([], ['sessions last']) };
const shownFailed = failed(report(['sessions last'], []));
const failsByHours = ({ hours }: Files) => (hours === '1' ? shownFailed : shownPassed);
const allPass = { text: report([]) };

describe('a candidate fix', () => {
  it('is the reverse of the culprit, applied to what is deployed, with the whole tests before and after', async () => {
    const history = [...trees, { hours: '1', limit: '9', later: 'x' }];
    const { result, orders } = await run((files, one) => (tests(one) ? allPass : failsByHours(files)), { history });
    expect(result.fix).toMatchObject({
      source: 'revert',
      of: 'r1'.padEnd(40, '0'),
      verdict: 'fixes',
      newlyBroken: [],
      reason: '',
    });
    const last = orders.slice(-5);
    expect(last.map(({ order: { command } }) => command[0])).toEqual(['shows', 'shows', 'shows', 'all', 'all']);
    expect(last.map(({ files }) => files)).toEqual([
      history[2],
      { ...trees[0], later: 'x' },
      { ...trees[0], later: 'x' },
      history[2],
      { ...trees[0], later: 'x' },
    ]);
    expect(last[3]?.order).toMatchObject({ imageId: 'sha256:python', setup: [['make']], workService: 'app' });
    expect(result.fix?.runs.map(({ revision, end }) => [revision.slice(0, 12), end])).toEqual([
      ['r20000000000', 'failed'],
      ['with the fix', 'passed'],
      ['with the fix', 'passed'],
      ['r20000000000', 'passed'],
      ['with the fix', 'passed'],
    ]);
    expect(describeFix(result.fix!)).toBe('Taking back r10000000000 alone fixes it and breaks no test.');
  });

  it('lists the tests that it breaks by name, and not those that failed before', async () => {
    const { result } = await run((files, one) => {
      if (!tests(one)) return failsByHours(files);
      return files['hours'] === '1' ? tap('slow one') : tap('slow one', 'limits are high');
    });
    expect(result.fix).toMatchObject({ verdict: 'breaks-tests', newlyBroken: ['limits are high'] });
    expect(describeFix(result.fix!)).toContain('It breaks 1 test: limits are high.');
  });

  it('says that tests break even where their output names none', async () => {
    const { result } = await run((files, one) =>
      tests(one) ? (files['hours'] === '1' ? allPass : failed('boom')) : failsByHours(files),
    );
    expect(result.fix).toMatchObject({ verdict: 'breaks-tests', newlyBroken: [] });
    expect(result.fix?.reason).toContain('exit code 1');
  });

  it("takes no words for production's failure that its own runs print when they pass", async () => {
    const words = '# the session of ana is gone\n';
    const expected = [{ template: 'the session of ana is gone', frames: [] }];
    const { result } = await run(
      ({ hours }) => ({
        ...(hours === '1' ? failed() : {}),
        text: words + (hours === '1' ? shownFailed : shownPassed).text,
      }),
      { fix: {}, expected },
    );
    expect(result.fix).toMatchObject({ verdict: 'fixes' });
    expect(result.fix?.runs.map(({ end, match }) => [end, match])).toEqual([
      ['failed', 'unknown'],
      ['passed', undefined],
      ['passed', undefined],
    ]);
  });

  it('does not call tests broken that fail with and without it', async () => {
    const { result } = await run((files, one) => (tests(one) ? tap('slow one') : failsByHours(files)));
    expect(result.fix).toMatchObject({ verdict: 'fixes', newlyBroken: [] });
    expect(result.fix?.reason).toContain('as they do without it');
  });

  it('does not fix what fails all the same, and says when what is deployed fails no more', async () => {
    const history = [...trees, { hours: '1', limit: '9', worse: 'x' }];
    const still = await run(
      (files, one) => (tests(one) ? allPass : files['worse'] ? shownFailed : failsByHours(files)),
      {
        history,
      },
    );
    expect(still.result.fix).toMatchObject({ verdict: 'does-not-fix', reason: 'The failure is still there.' });
    const repaired = [...trees, { hours: '12', limit: '9' }];
    const gone = await run((files, one) => (tests(one) ? allPass : failsByHours(files)), { history: repaired });
    expect(gone.result.fix).toMatchObject({ verdict: 'cannot-run' });
  });

  it('names the file on which the change cannot be taken back alone', async () => {
    const history = [...trees, { hours: '1', limit: '10' }];
    const { result } = await run((files, one) => (tests(one) ? allPass : failsByHours(files)), { history });
    expect(result.fix).toMatchObject({
      verdict: 'cannot-run',
      reason: expect.stringContaining('limit') as string,
      runs: [],
    });
  });

  it('prefers the fix of an engine where it was accepted, and says why where it was not', async () => {
    const fixedTree = await archive('with the fix', { hours: '48', limit: '9' });
    const written = { by: 'claude/x', archive: fixedTree };
    const { result, orders } = await run((files, one) => (tests(one) ? allPass : failsByHours(files)), {
      fix: { ...order, written },
    });
    expect(result.fix).toMatchObject({ source: 'engine', of: 'claude/x', verdict: 'fixes' });
    expect(orders.at(-1)?.files).toEqual({ hours: '48', limit: '9' });
    const refused = await run((files, one) => (tests(one) ? allPass : failsByHours(files)), {
      fix: { written: { by: 'claude/x', refused: 'it is no unified diff' } },
    });
    expect(refused.result.fix).toMatchObject({ source: 'revert', verdict: 'fixes' });
    expect(refused.result.fix?.reason).toContain('The fix of claude/x was not tried: it is no unified diff.');
  });

  const written = async (files: Files) => ({
    by: 'claude/x',
    archive: await archive('with the fix', files),
    changes: listChanges(['src/total.js'], 'd'.repeat(64)),
  });
  const silenced = async (text: string, wholeText = report([])) => {
    const fix = { ...order, written: await written({ hours: '1', limit: '9', quits: 'yes' }) };
    const answer = (files: Files, one: RunOrder) =>
      files['quits'] ? { text: tests(one) ? wholeText : text } : tests(one) ? allPass : failsByHours(files);
    return (await run(answer, { fix })).result.fix!;
  };

  it.each([
    ['ends with 0 and says nothing', '', report([]), 'no count of tests'],
    ['runs no test', '# tests 0\n', report([]), 'no test ran'],
    ['names the file alone', 'ok 1 - test/total.test.js\n# tests 1\n', report([]), '"sessions last" is not among'],
    ['skips the failing test', 'ok 1 - sessions last # SKIP\n# tests 1\n# skipped 1\n', report([]), 'no test ran'],
    ['runs fewer of the whole tests', shownPassed.text, report([], ['one']), 'only 1 of the 2 tests'],
    ['loses one of the whole tests by its name', shownPassed.text, report([], ['one', 'x']), '"two" is not among'],
    ['says nothing of the whole tests', shownPassed.text, '', 'no count of tests'],
  ])('is not called a fix where it %s', async (_name, text, wholeText, reason) => {
    const fix = await silenced(text, wholeText);
    expect(fix.verdict).toBe('unknown');
    expect(fix.reason).toContain(reason);
    expect(describeFix(fix)).toMatch(/^Whether the fix written by claude\/x fixes it cannot be told\./);
  });

  it('is believed where the failing test runs with it and passes', async () => {
    expect(await silenced(shownPassed.text)).toMatchObject({ verdict: 'fixes', reason: '' });
  });

  it('is run twice, and fixes nothing that comes back', async () => {
    let runs = 0;
    const comesBack = await run(
      (files, one) => {
        if (tests(one)) return allPass;
        if (files['limit'] === '7') return runs++ === 0 ? shownPassed : shownFailed;
        return failsByHours(files);
      },
      { fix: { ...order, written: await written({ hours: '24', limit: '7' }) } },
    );
    expect(comesBack.result.fix).toMatchObject({
      verdict: 'does-not-fix',
      reason: 'The failure is still there in 1 of 2 runs.',
    });
  });

  it('is not called a fix after one pass when the time ends', async () => {
    const whole = await run((files, one) => (tests(one) ? allPass : failsByHours(files)));
    const early = await run((files, one) => (tests(one) ? allPass : failsByHours(files)), {
      times: whole.orders.length - 3,
    });
    expect(early.result.fix).toMatchObject({ verdict: 'unknown' });
    expect(early.result.fix?.reason).toContain('no time was left');
  });

  it('shows what it changes, by whom, and that a change taken back held tests', async () => {
    const history = trees.map((files, at) => ({ ...files, 'test/a.test.js': `assert(${at})` }));
    const { result } = await run((files, one) => (tests(one) ? allPass : failsByHours(files)), { history });
    expect(result.fix).toMatchObject({
      verdict: 'fixes',
      changes: { paths: ['hours', 'limit', 'test/a.test.js'], left: 0, guarded: ['test/a.test.js'] },
    });
    const notes = toProof(result).notes.join('\n');
    expect(notes).toContain('It also takes back changes of tests or the build: test/a.test.js.');
    expect(notes).toContain('It changes 3 files: hours, limit, test/a.test.js.');
    const ofEngine = toProof({ ...result, fix: await silenced(shownPassed.text) }).notes.join('\n');
    expect(ofEngine).toContain('Written by the engine claude/x, not by a person; SHA-256 of its diff dddd');
    expect(ofEngine).toContain('It changes 1 file: src/total.js.');
  });

  it('is not tried without time, nor where nothing was reproduced', async () => {
    const late = await run((files, one) => (tests(one) ? allPass : failsByHours(files)), { times: 5 });
    expect(late.result).toMatchObject({ verdict: 'reproduced' });
    expect(late.result).not.toHaveProperty('fix');
    expect((await run(() => ({}))).result).not.toHaveProperty('fix');
  });
});
