import { alertmanagerRelease, dockerStatic, prometheusRelease, temporalArchive, type Release } from './releases.ts';

export const programNames = ['temporal', 'docker', 'prometheus', 'alertmanager', 'jaeger'] as const;
export type ProgramName = (typeof programNames)[number];

/** One way to come by a program. The first three kinds only look; the last three fetch it into Resident's cache folder. */
export type Way =
  /** A variable says where a server runs. It is an explicit choice: when that server does not answer, nothing else is tried. */
  | { readonly kind: 'environment'; readonly variable: string }
  /** A Docker engine answers at a usual socket; `~` and `$XDG_RUNTIME_DIR` are filled in. */
  | { readonly kind: 'running'; readonly sockets: readonly string[] }
  | { readonly kind: 'path'; readonly commands: readonly string[] }
  | { readonly kind: 'cache' }
  | { readonly kind: 'download'; readonly release: Release }
  /** Packages are unpacked into the cache folder, so nothing is installed on the system and root is not needed. */
  | { readonly kind: 'debian'; readonly packages: readonly string[]; readonly files: FilesWanted }
  | { readonly kind: 'go'; readonly module: GoModule };

/** Name under the cache's `bin/` → base name of the file in the archive or package. */
export type FilesWanted = Readonly<Record<string, string>>;

export interface GoModule {
  readonly goMod: string;
  readonly command: string;
  readonly ldflags: string;
  readonly output: string;
  /** `module@version` whose own go.sum is begun with, where the checksum database lacks some that it needs. */
  readonly sumsOf?: string;
}

export interface Program {
  readonly title: string;
  /** The executable, under the cache's `bin/`. Its first path segment is what is moved into place when whole. */
  readonly cached: string;
  /** How `--version` tells the version: its first group. */
  readonly version: RegExp;
  /** What asks it for its version where that is not `--version`. */
  readonly versionArgs?: readonly string[];
  /** Only our own tests start it; nobody who uses Resident misses it. */
  readonly isOnlyForTests?: boolean;
  readonly atLeast?: string;
  /** The server must be started as root (Linux). */
  readonly needsRoot?: boolean;
  readonly costsWithout: string;
  readonly remedy: string;
  readonly ways: readonly Way[];
}

/** Pinned: what reference/temporal.md measured, and what the wrapper module below can build. */
const temporalVersion = '1.8.2';

/**
 * `go install` of the CLI fails because its go.mod replaces `cliext` by a folder; a module of our own overrides that with
 * the pseudo-version of the same commit (temporalio/cli issue 213).
 */
const temporalModule: GoModule = {
  goMod: `module example.invalid/resident/temporal-cli

go 1.26

require github.com/temporalio/cli v${temporalVersion}

require github.com/temporalio/cli/cliext v0.0.0

replace github.com/temporalio/cli/cliext => github.com/temporalio/cli/cliext v0.0.0-20260731000218-c579925f193f

tool github.com/temporalio/cli/cmd/temporal
`,
  command: 'github.com/temporalio/cli/cmd/temporal',
  ldflags: `-s -w -X github.com/temporalio/cli/internal/temporalcli.Version=${temporalVersion}`,
  output: `temporal-${temporalVersion}`,
};

/** The release 2.13.0 of Jaeger has the Go version 1.76.0; its `replace` of one module does not carry over, so it is repeated. */
const jaegerVersion = '2.13.0';
const jaegerModule: GoModule = {
  goMod: `module example.invalid/resident/jaeger

go 1.26

require github.com/jaegertracing/jaeger v1.76.0

replace github.com/Shopify/sarama => github.com/Shopify/sarama v1.33.0

tool github.com/jaegertracing/jaeger/cmd/jaeger
`,
  command: 'github.com/jaegertracing/jaeger/cmd/jaeger',
  ldflags: `-s -w -X github.com/jaegertracing/jaeger/internal/version.latestVersion=v${jaegerVersion}`,
  output: `jaeger-${jaegerVersion}`,
  sumsOf: 'github.com/jaegertracing/jaeger@v1.76.0',
};

const dockerFiles: FilesWanted = {
  'docker/dockerd': 'dockerd',
  'docker/docker-proxy': 'docker-proxy',
  'docker/containerd': 'containerd',
  'docker/containerd-shim-runc-v2': 'containerd-shim-runc-v2',
  'docker/runc': 'runc',
};

/** For each outside program the ways to it, in the order in which they are tried (DESIGN.md, "The embedded default"). */
export const programs: Readonly<Record<ProgramName, Program>> = {
  temporal: {
    title: 'Temporal server',
    cached: `temporal-${temporalVersion}`,
    version: /version (\S+)/,
    // The first with Worker Versioning's PINNED behaviour out of the box (server 1.29.1).
    atLeast: '1.5.1',
    costsWithout: 'nothing works: every incident is a Temporal workflow',
    remedy:
      'set TEMPORAL_ADDRESS, or install the Temporal CLI (https://docs.temporal.io/cli), or Go 1.26.4 or later to build it',
    ways: [
      { kind: 'environment', variable: 'TEMPORAL_ADDRESS' },
      { kind: 'path', commands: ['temporal'] },
      { kind: 'cache' },
      { kind: 'download', release: temporalArchive(temporalVersion) },
      { kind: 'go', module: temporalModule },
    ],
  },
  docker: {
    title: 'Docker engine',
    cached: 'docker/dockerd',
    version: /version ([^\s,]+)/,
    needsRoot: true,
    costsWithout: 'no reproduction in a sandbox: plans are marked "not reproduced", which raises their risk by one',
    remedy: 'start Docker, or set DOCKER_HOST, or run as root on Linux so that Resident can start an engine of its own',
    ways: [
      { kind: 'environment', variable: 'DOCKER_HOST' },
      {
        kind: 'running',
        sockets: ['/var/run/docker.sock', '$XDG_RUNTIME_DIR/docker.sock', '~/.docker/run/docker.sock'],
      },
      { kind: 'path', commands: ['dockerd'] },
      { kind: 'cache' },
      { kind: 'download', release: dockerStatic('28.2.2', { ...dockerFiles, 'docker/docker-init': 'docker-init' }) },
      {
        kind: 'debian',
        // libdevmapper is the one library of dockerd that a minimal Debian lacks; tini is its docker-init.
        packages: ['docker.io', 'containerd', 'runc', 'tini', 'libdevmapper1.02.1'],
        files: {
          ...dockerFiles,
          'docker/docker-init': 'tini-static',
          'docker/lib/libdevmapper.so.1.02.1': 'libdevmapper.so.1.02.1',
        },
      },
    ],
  },
  prometheus: {
    title: 'Prometheus',
    cached: 'prometheus',
    version: /version (\S+)/,
    costsWithout: 'the demo raises its alert itself; metrics are missing from the evidence and from the watch',
    remedy: 'set PROMETHEUS_URL, or put `prometheus` on the PATH (Debian: apt-get install prometheus)',
    ways: [
      { kind: 'environment', variable: 'PROMETHEUS_URL' },
      { kind: 'path', commands: ['prometheus'] },
      { kind: 'cache' },
      { kind: 'download', release: prometheusRelease('3.14.0') },
      { kind: 'debian', packages: ['prometheus'], files: { prometheus: 'prometheus' } },
    ],
  },
  alertmanager: {
    title: 'Alertmanager',
    cached: 'alertmanager',
    version: /version (\S+)/,
    costsWithout: 'the demo posts the webhook itself, in the form that Alertmanager sends',
    remedy: 'set ALERTMANAGER_URL, or put `alertmanager` on the PATH (Debian: apt-get install prometheus-alertmanager)',
    ways: [
      { kind: 'environment', variable: 'ALERTMANAGER_URL' },
      { kind: 'path', commands: ['alertmanager', 'prometheus-alertmanager'] },
      { kind: 'cache' },
      { kind: 'download', release: alertmanagerRelease('0.32.1') },
      { kind: 'debian', packages: ['prometheus-alertmanager'], files: { alertmanager: 'prometheus-alertmanager' } },
    ],
  },
  jaeger: {
    title: 'Jaeger',
    cached: `jaeger-${jaegerVersion}`,
    version: /"gitVersion":"v?([^"]+)"/,
    versionArgs: ['version'],
    // From 2 on it is configured as the tests do it.
    atLeast: '2.0.0',
    isOnlyForTests: true,
    costsWithout: 'the tests that read traces from a real server are skipped',
    remedy: 'put `jaeger` 2 on the PATH, or install Go 1.26.4 or later to build it',
    ways: [{ kind: 'path', commands: ['jaeger'] }, { kind: 'cache' }, { kind: 'go', module: jaegerModule }],
  },
};
