import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { examineFile, loadFile, type ExaminedFile, type LoadOptions } from './config/load.ts';
import { createResolveSecret } from './config/secrets.ts';
import type { VariableName } from './config/variables.ts';
import { selectForOthers, selectForSandbox } from './config/worker-environment.ts';
import type { ResidentSettings, SecretReference } from './domain/settings.ts';

export { ConfigError, renderFault, type ConfigFault } from './config/faults.ts';
export { sortByPlace, type ExaminedFile } from './config/load.ts';

/**
 * Reads and checks resident.yaml.
 * @param options.secrets `required` (default): a secret that is named and missing is a fault. `unchecked` for commands that
 * use none of them.
 * @throws ConfigError with every fault at once, each with file, line and what to write instead.
 */
export function loadSettings(
  file: string,
  options: { readonly secrets?: 'required' | 'unchecked' } = {},
): ResidentSettings {
  return loadFile(file, { outside: readOutside(), ...(options.secrets === 'unchecked' ? {} : { resolveSecret }) });
}

/**
 * Reads resident.yaml as far as it can be read, with every fault and note; its secrets are looked up.
 * @throws ConfigError when there is no such file.
 */
export function examineSettings(file: string): ExaminedFile {
  return examineFile(file, { outside: readOutside(), resolveSecret });
}

function readOutside(): LoadOptions['outside'] {
  return {
    prometheusUrl: readVariable('PROMETHEUS_URL'),
    anthropicBaseUrl: readVariable('ANTHROPIC_BASE_URL'),
    anthropicModel: readVariable('ANTHROPIC_MODEL'),
  };
}

/**
 * The secret behind a reference, trimmed.
 * @throws Error that says which variable or file is missing or empty; it never holds the secret.
 */
export function resolveSecret(reference: SecretReference): string {
  return createResolveSecret(process.env)(reference);
}

/** The values of every secret that the settings name and this process can resolve; for taking them out of texts. */
export function listKnownSecrets(settings: ResidentSettings): readonly string[] {
  const { people, gateway, prometheus, traces, notifyUrls } = settings;
  const references = [
    ...people.map((person) => person.token),
    ...Object.values(gateway.webhooks).flatMap(({ bearer, basic }) => [...bearer, basic?.password]),
    prometheus?.bearer,
    traces?.jaeger.bearer,
    ...notifyUrls,
  ];
  const values = references.flatMap((reference) => {
    if (!reference) return [];
    try {
      return [resolveSecret(reference)];
    } catch {
      // A secret that this process does not hold cannot leave through it either.
      return [];
    }
  });
  const key = readVariable('ANTHROPIC_API_KEY');
  return key ? [...values, key] : values;
}

/** Resident's own version, as its package tells it. */
export const { version: packageVersion } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
) as { readonly version: string };

/** A variable of the environment; one that is set to nothing counts as not set. */
export function readVariable(name: VariableName): string | undefined {
  return process.env[name] || undefined;
}

/** The environment for a child process: ours, and what is laid on top. */
export function childEnvironment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  return { ...process.env, ...extra };
}

/** The environment for a process that holds the Docker socket, or for one that must know nothing of it. */
export function workerEnvironment(
  kind: 'sandbox' | 'others',
  extra: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return (kind === 'sandbox' ? selectForSandbox : selectForOthers)(childEnvironment(extra));
}

/** Where programs and images are kept between runs. */
export function cacheFolder(): string {
  const own = readVariable('RESIDENT_CACHE');
  if (own) return path.resolve(own);
  return path.join(
    readVariable('XDG_CACHE_HOME') ?? path.join(readVariable('HOME') ?? homedir(), '.cache'),
    'resident',
  );
}

/** How to reach Temporal: address, namespace, TLS, key. */
export type TemporalConnection = ReturnType<typeof loadClientConnectConfig>;

/**
 * Temporal's own variables and configuration file win (they are what every Temporal tool reads), then `fallback`.
 * Undefined when nothing says where Temporal is.
 */
export function loadTemporalConnection(fallback: {
  readonly address?: string | undefined;
  readonly namespace?: string | undefined;
}): (TemporalConnection & { readonly address: string; readonly namespace: string }) | undefined {
  const found = loadClientConnectConfig();
  const address = found.connectionOptions.address || fallback.address;
  if (!address) return undefined;
  const namespace = found.namespace || fallback.namespace || 'default';
  return { ...found, connectionOptions: { ...found.connectionOptions, address }, address, namespace };
}
