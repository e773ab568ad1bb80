/** A process of its own has its own set of credentials; what it inherits of our environment is decided here. */
type Environment = Readonly<Record<string, string | undefined>>;

/**
 * All that the worker which holds the Docker socket needs to run, to reach Temporal and to reach the engine. It is a list
 * of what may pass and not of what may not: a secret that nobody thought of stays outside.
 */
const passedToSandbox = [
  ...['PATH', 'HOME', 'LANG', 'TZ', 'TMPDIR', 'XDG_CACHE_HOME', 'XDG_CONFIG_HOME', 'RESIDENT_CACHE'],
  ...['NODE_OPTIONS', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'TSX_TSCONFIG_PATH'],
];
const temporalPrefix = 'TEMPORAL_';
const dockerPrefix = 'DOCKER_';

/** The environment of the sandbox worker: the way to Docker and to Temporal, and no other secret. */
export function selectForSandbox(environment: Environment): Record<string, string> {
  return select(
    environment,
    (name) => passedToSandbox.includes(name) || name.startsWith(temporalPrefix) || name.startsWith(dockerPrefix),
  );
}

/** The environment of every other process: all of ours but the way to Docker, which is root on its machine. */
export function selectForOthers(environment: Environment): Record<string, string> {
  return select(environment, (name) => !name.startsWith(dockerPrefix));
}

function select(environment: Environment, mayPass: (name: string) => boolean): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && mayPass(entry[0]),
    ),
  );
}
