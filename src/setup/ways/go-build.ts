import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { GoModule } from '../programs.ts';
import { findOnPath } from '../find-on-path.ts';
import { runCommand } from '../run-command.ts';
import { WayNotOpen, type Workshop } from './workshop.ts';

/** Builds a Go program through the module proxy and toolchain settings that the user's own `go` is configured for. */
export async function buildWithGo(module: GoModule, shop: Workshop): Promise<void> {
  const go = await findOnPath(['go'], shop.env, ['/usr/local/go/bin']);
  if (!go) throw new WayNotOpen('Go is not on the PATH');
  const folder = path.join(shop.scratch, 'module');
  await mkdir(folder);
  await writeFile(path.join(folder, 'go.mod'), module.goMod);
  if (module.sumsOf !== undefined) await copySums(go, module.sumsOf, folder, shop);
  const built = await runCommand(
    go,
    ['build', '-trimpath', '-ldflags', module.ldflags, '-o', path.join(shop.out, module.output), module.command],
    {
      cwd: folder,
      env: { ...shop.env, CGO_ENABLED: '0', GOFLAGS: '-mod=mod', GOWORK: 'off' },
      limitMs: shop.limits.buildMs,
    },
  );
  if (!built.ok) {
    throw new Error(`go build failed: ${built.reason}. ${built.output.split('\n').slice(-3).join(' / ')}`);
  }
}

/** The sums that a module was released with vouch for what it needs as the checksum database does. */
async function copySums(go: string, module: string, folder: string, shop: Workshop): Promise<void> {
  const told = await runCommand(go, ['mod', 'download', '-json', module], {
    cwd: folder,
    env: { ...shop.env, GOWORK: 'off' },
    limitMs: shop.limits.packagesMs,
  });
  const from = /"Dir": "([^"]+)"/.exec(told.output)?.[1];
  if (!told.ok || from === undefined) throw new Error(`${module} cannot be had: ${told.reason}`);
  const sums = path.join(folder, 'go.sum');
  await copyFile(path.join(from, 'go.sum'), sums);
  // Go's module cache is read-only, and go adds to this copy.
  await chmod(sums, 0o644);
}
