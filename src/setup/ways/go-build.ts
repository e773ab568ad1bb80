import { mkdir, writeFile } from 'node:fs/promises';
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
