import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { createShopHistory } from '../../demo/history/create-shop-history.ts';
import type { ShopHistory } from '../../demo/history/create-shop-history.ts';
import { SERVICES } from '../../demo/history/recipe.ts';
import type { ServiceName } from '../../demo/history/recipe.ts';
import { VARIANTS } from '../../demo/history/variants.ts';
import { checkOut } from './check-out.ts';

const run = promisify(execFile);
const root = mkdtempSync(path.join(tmpdir(), 'shop-contract-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** As the sandbox lays it out: every service beside the others, `suspect` at one revision, the rest as deployed. */
async function passes(history: ShopHistory, suspect: ServiceName, revision: string): Promise<boolean> {
  const layout = mkdtempSync(path.join(root, `${history.variant}-`));
  for (const service of SERVICES) {
    const { path: repository, deployedBefore, toDeploy } = history.repos[service];
    checkOut(repository, service === suspect ? revision : (toDeploy ?? deployedBefore), path.join(layout, service));
  }
  const cwd = path.join(layout, 'order-service');
  const args = ['--test-reporter=tap', 'test/contract/place-orders.test.js'];
  try {
    const { stdout } = await run(process.execPath, args, { cwd, env: { PATH: process.env['PATH'] } });
    expect(stdout).toContain('# skipped 0');
    return true;
  } catch (error) {
    expect((error as { stdout: string }).stdout).toContain('orders failed');
    return false;
  }
}

// A dozen runs of four services each: about ten seconds on an idle machine, far more on a busy one.
describe('the contract test of order-service', { timeout: 90_000 }, () => {
  const withCulprit = VARIANTS.filter((variant) => variant !== 'outage');

  it.each(withCulprit)('fails from the bad commit of the variant %s on, and passes before it', async (variant) => {
    const history = createShopHistory({ folder: path.join(root, variant), now: new Date(), variant });
    const { culprit } = history;
    if (culprit.kind !== 'commit') throw new Error(`${variant} has no bad commit`);
    const { revisions, deployedBefore } = history.repos[culprit.service];
    const shas = revisions.map(({ sha }) => sha);
    const place = shas.indexOf(culprit.sha);
    expect(await passes(history, culprit.service, shas[place - 1] ?? deployedBefore)).toBe(true);
    expect(await passes(history, culprit.service, culprit.sha)).toBe(false);
    expect(await passes(history, culprit.service, shas.at(-1) ?? '')).toBe(false);
  });

  it('passes on every service as deployed when only the outside provider is down', async () => {
    const history = createShopHistory({ folder: path.join(root, 'outage'), now: new Date(), variant: 'outage' });
    for (const service of SERVICES) {
      expect(await passes(history, service, history.repos[service].deployedBefore)).toBe(true);
    }
  });
});
