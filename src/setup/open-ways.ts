import { findOnPath } from './find-on-path.ts';
import type { LookOptions } from './look-for.ts';
import { programs, type ProgramName, type Way } from './programs.ts';

export interface OpenWaysOptions extends LookOptions {
  readonly fetch?: typeof fetch;
  readonly limitMs?: number;
}

/**
 * Whether a program that is not there could be fetched when it is needed, as far as that can be told without fetching it:
 * its vendor answers, or the tool that builds it is there.
 * @returns undefined when a way is open, else why none is.
 */
export async function findNoWay(name: ProgramName, options: OpenWaysOptions): Promise<string | undefined> {
  const closed: string[] = [];
  for (const way of programs[name].ways) {
    const why = await tryWay(way, options);
    if (why === 'open') return undefined;
    if (why !== 'looked') closed.push(why);
  }
  return closed.join('; ');
}

async function tryWay(way: Way, options: OpenWaysOptions): Promise<string> {
  switch (way.kind) {
    // These were looked through before; they fetch nothing.
    case 'environment':
    case 'running':
    case 'path':
    case 'cache':
      return 'looked';
    case 'download': {
      const url = way.release.url(process.platform, process.arch);
      return url === undefined
        ? `its vendor has none for ${process.platform}-${process.arch}`
        : askVendor(url, options);
    }
    case 'go':
      return (await findOnPath(['go'], options.env, options.systemFolders ?? ['/usr/local/go/bin']))
        ? 'open'
        : 'Go, which could build it, is not on the PATH';
    case 'debian':
      return (await findOnPath(['apt-get'], options.env, options.systemFolders)) ? 'open' : 'this is not Debian';
  }
}

async function askVendor(url: string, { fetch: send = fetch, limitMs = 5_000 }: OpenWaysOptions): Promise<string> {
  const { host } = new URL(url);
  try {
    const { ok, status } = await send(url, { method: 'HEAD', signal: AbortSignal.timeout(limitMs) });
    return ok ? 'open' : `${host} answered ${status}`;
  } catch {
    return `${host} cannot be reached from here`;
  }
}
