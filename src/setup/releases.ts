import type { FilesWanted } from './programs.ts';

/** A vendor's archive (tar, gzip), and where the vendor publishes its SHA-256 where he does. */
export interface Release {
  readonly version: string;
  /** Undefined when the vendor has none for this platform. */
  readonly url: (platform: string, arch: string) => string | undefined;
  /** A file of lines `<sha256>  <file name>`. */
  readonly checksums?: string;
  readonly files: FilesWanted;
}

/** Go's name for Node's. */
const goArchitectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };
/** Docker's name for Node's. */
const machineNames: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' };

/** Temporal's own download service publishes no checksum; HTTPS vouches for it. */
export function temporalArchive(version: string): Release {
  return {
    version,
    url: (platform, arch) =>
      isUnix(platform) && goArchitectures[arch]
        ? `https://temporal.download/cli/archive/v${version}?platform=${platform}&arch=${goArchitectures[arch]}`
        : undefined,
    files: { [`temporal-${version}`]: 'temporal' },
  };
}

export function prometheusRelease(version: string): Release {
  return githubRelease('prometheus', version);
}

export function alertmanagerRelease(version: string): Release {
  return githubRelease('alertmanager', version);
}

/** Docker publishes no checksum for its static archives; HTTPS vouches for them. */
export function dockerStatic(version: string, files: FilesWanted): Release {
  return {
    version,
    url: (platform, arch) =>
      platform === 'linux' && machineNames[arch]
        ? `https://download.docker.com/linux/static/stable/${machineNames[arch]}/docker-${version}.tgz`
        : undefined,
    files,
  };
}

function githubRelease(name: string, version: string): Release {
  const folder = `https://github.com/prometheus/${name}/releases/download/v${version}`;
  return {
    version,
    url: (platform, arch) =>
      isUnix(platform) && goArchitectures[arch]
        ? `${folder}/${name}-${version}.${platform}-${goArchitectures[arch]}.tar.gz`
        : undefined,
    checksums: `${folder}/sha256sums.txt`,
    files: { [name]: name },
  };
}

function isUnix(platform: string): boolean {
  return platform === 'linux' || platform === 'darwin';
}
