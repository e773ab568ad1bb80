/**
 * Every variable of the environment that Resident itself looks at, with what it means. Outside systems keep the names that
 * their own tools read. Secrets named in resident.yaml come on top. docs/environment.md is compared with this table.
 */
export const variables = {
  TEMPORAL_ADDRESS: 'host:port of the Temporal server; wins over `temporal.address`',
  TEMPORAL_NAMESPACE: 'namespace; wins over `temporal.namespace`',
  TEMPORAL_API_KEY: 'API key of Temporal Cloud; switches TLS on',
  TEMPORAL_PROFILE: 'profile of the Temporal configuration file',
  TEMPORAL_CONFIG_FILE: 'the Temporal configuration file, read by every Temporal tool',
  PROMETHEUS_URL: 'Prometheus, when `prometheus.url` is absent',
  ALERTMANAGER_URL: 'Alertmanager, looked for by `resident doctor` and the demo',
  DOCKER_HOST: 'the Docker engine for sandboxes; `none` switches them off',
  ANTHROPIC_API_KEY: 'key of the model; without it the built-in analyst works alone',
  ANTHROPIC_BASE_URL: 'address of the Messages API, when `engine.baseUrl` is absent',
  ANTHROPIC_MODEL: 'model, when `engine.model` is absent',
  RESIDENT_CACHE: 'where downloaded or built programs and images are kept',
  XDG_CACHE_HOME: "the user's cache folder, when RESIDENT_CACHE is not set",
  HOME: 'the home folder; the cache is `~/.cache/resident` when neither of the two above is set',
  PATH: 'where programs are looked for',
  CI: 'set by build servers: nothing asks questions',
  NO_COLOR: 'no colours in the output (no-color.org)',
} as const;

export type VariableName = keyof typeof variables;
