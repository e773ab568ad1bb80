/**
 * Finds known bugs in the histories of two public projects: `npx tsx bench/yardsticks/histories.ts [--verbose] <folder>`, where the
 * folder holds clones named `sqlparse` (andialbrecht/sqlparse, Python) and `semver` (npm/node-semver, Node). Nothing of them is copied into
 * this repository; what is missing is skipped, saying so. Each case is a bug that a later commit mended with a regression test; the
 * truth is what `git bisect run` found with the same test on bare check-outs. The product gets the release that was good, the last
 * commit before the mend as the one that runs, and a resident.yaml; the window between them is all that it knows.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { git } from './git.ts';
import { openProduct, type ServiceEntry } from './product.ts';

interface Case {
  readonly project: 'sqlparse' | 'semver';
  readonly bug: string;
  readonly good: string;
  readonly mend: string;
  readonly culprit: string;
  /** The test: either a command over the project itself, or a pytest test of the mending commit in a service of its own. */
  readonly test: { readonly script: string } | { readonly pytest: string; readonly name: string };
}

const cases: readonly Case[] = [
  {
    project: 'semver',
    bug: 'a prerelease identifier that begins with digits is refused',
    good: 'v7.6.3',
    mend: 'af761c05bd53eef83b5e20f8b09360b0e70557dc',
    culprit: '8a34bdecc783407f4e1a8a1ee1f67906b84a4b78',
    test: {
      script: `const inc = require('./functions/inc'); require('assert').equal(inc('1.0.0', 'prepatch', 'alpha.1.1a'), '1.0.1-alpha.1.1a.0')`,
    },
  },
  {
    project: 'semver',
    bug: 'diff calls a step from a prerelease to a higher minor version major',
    good: 'v7.5.0',
    mend: 'd588e3782864b1cab2fe9f2452b848e8c7f609d1',
    culprit: '58c791f40ba8cf4be35a5ca6644353ecd6249edc',
    test: {
      script: `const diff = require('./functions/diff'); const assert = require('assert');
        for (const [a, b, is] of [['1.7.2-1', '1.8.1', 'minor'], ['1.1.1-pre', '2.1.1', 'major'], ['1.2.3-1', '1.2.3', 'patch']]) assert.equal(diff(a, b), is)`,
    },
  },
  {
    project: 'sqlparse',
    bug: 'a lowercase `as` in CREATE TABLE AS SELECT stops the grouping of functions',
    good: '0.4.2',
    mend: '111b35cffcfe44b16fbdd27507f165bafd52a2a1',
    culprit: '403de6fc648ac4e012b60b49161c3f5f36dc944a',
    test: { pytest: 'tests/test_grouping.py', name: 'test_grouping_alias_ctas_lowercase_as' },
  },
  {
    project: 'sqlparse',
    bug: 'statements after BEGIN TRANSACTION are not split',
    good: '0.5.3',
    mend: '5ca50a2ee9b39e9efeea33e01f132d628144fb69',
    culprit: '1a3bfbd50b82c05d9adcc51bacba059671dc1bc7',
    test: { pytest: 'tests/test_split.py', name: 'test_split_begin_transaction and not formatted' },
  },
];

const verbose = process.argv.includes('--verbose');
const [repositories] = process.argv.slice(2).filter((word) => !word.startsWith('--'));
if (repositories === undefined)
  console.log('histories: skipped, no folder with clones of sqlparse and semver was given.');
else await main(path.resolve(repositories));

async function main(clones: string): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'resident-histories-'));
  try {
    let [right, tried] = [0, 0];
    for (const [index, one] of cases.entries()) {
      const source = path.join(clones, one.project);
      if (!existsSync(source)) {
        console.log(`${one.project}: skipped, there is no clone at ${source}.`);
        continue;
      }
      const isRight = await tryCase(path.join(folder, `${index}`), source, one);
      if (isRight === undefined) return;
      tried += 1;
      right += Number(isRight);
    }
    console.log(`\nhistories: first bad commit right ${right} of ${tried}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function tryCase(folder: string, source: string, one: Case): Promise<boolean | undefined> {
  const { services, alerting } = describeServices(folder, source, one);
  const product = openProduct(folder, services);
  const ready = await product.preflight();
  if (!ready.ok) {
    console.log(`histories: skipped, there is no Docker engine to run in (${ready.reason})`);
    return undefined;
  }
  for (const name of Object.keys(services)) await product.prepare(name, 'HEAD');
  const [suspect, before] = [
    git(source, 'rev-parse', `${one.mend}^`),
    git(source, 'rev-parse', `${one.good}^{commit}`),
  ];
  const commits = git(source, 'rev-list', '--count', suspect, `^${before}`);
  const startedAt = performance.now();
  const result = await product.reproduce({ service: alerting, suspectService: one.project, suspect, before });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const isRight = result.verdict === 'reproduced' && result.firstBad === one.culprit && !result.candidates;
  console.log(
    `${one.project}: ${one.bug}\n  ${isRight ? 'right' : 'WRONG'}: ${result.verdict}, first bad ${result.firstBad?.slice(0, 12) ?? 'none'} ` +
      `(${result.firstBadKind ?? 'unknown kind'}) among ${commits} commits; ${result.runs.length} runs, ${seconds} s ${result.reason}`,
  );
  if (verbose || !isRight) {
    for (const { revision, end, durationMs, outputTail } of result.runs) {
      const last = end === 'passed' ? '' : (outputTail.trim().split('\n').at(-1)?.slice(0, 160) ?? '');
      console.log(`    ${revision.slice(0, 12)} ${end} ${durationMs} ms ${last}`);
    }
  }
  return isRight;
}

function describeServices(folder: string, source: string, { project, test, mend }: Case) {
  if ('script' in test) {
    const reproduce = ['node', '-e', test.script];
    const entry: ServiceEntry = { source, language: 'node', sandbox: { image: 'node', reproduce } };
    return { services: { [project]: entry }, alerting: project };
  }
  const checks = path.join(folder, 'checks');
  mkdirSync(checks, { recursive: true });
  git(folder, 'init', '--quiet', '--initial-branch=main', checks);
  const content = execFileSync('git', ['show', `${mend}:${test.pytest}`], { cwd: source });
  writeFileSync(path.join(checks, 'test_it.py'), content);
  writeFileSync(path.join(checks, 'conftest.py'), `import sys\nsys.path.insert(0, '../${project}')\n`);
  writeFileSync(path.join(checks, 'requirements.txt'), 'pytest==8.3.4\n');
  git(checks, 'add', '--all');
  git(checks, 'commit', '--quiet', '--message', 'Regression test');
  const reproduce = ['python', '-m', 'pytest', '-q', '-p', 'no:cacheprovider', 'test_it.py', '-k', test.name];
  const services: Record<string, ServiceEntry> = {
    [project]: { source, language: 'python' },
    checks: { source: checks, language: 'python', dependsOn: [project], sandbox: { image: 'python', reproduce } },
  };
  return { services, alerting: 'checks' };
}
