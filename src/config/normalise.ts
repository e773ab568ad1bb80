import path from 'node:path';
import type {
  ActionSettings,
  ResidentSettings,
  RunSettings,
  SecretReference,
  ServiceSettings,
} from '../domain/settings.ts';
import type { ResidentFile, ServiceEntry } from './schema.ts';

/** What the file does not say and the environment does. */
export interface OutsideAddresses {
  readonly prometheusUrl?: string | undefined;
  readonly anthropicBaseUrl?: string | undefined;
  readonly anthropicModel?: string | undefined;
}

export const defaultModel = 'claude-sonnet-5-5';

const second = 1_000;
const minute = 60 * second;

/** Turns the file as written into settings: paths absolute, durations in milliseconds, defaults filled in. */
export function normalise(
  raw: ResidentFile,
  file: string,
  digest: string,
  outside: OutsideAddresses,
): ResidentSettings {
  const folder = path.dirname(file);
  const at = (relative: string) => path.resolve(folder, relative);
  const prometheus = raw.prometheus ?? (outside.prometheusUrl ? { url: outside.prometheusUrl } : undefined);
  const baseUrl = raw.engine.baseUrl ?? outside.anthropicBaseUrl;
  const services = Object.entries(raw.services).map(
    ([name, entry]) => [name, normaliseService(name, entry, folder, raw.timings.sandboxTimeoutSeconds)] as const,
  );
  return {
    file,
    stateFolder: at(raw.stateFolder),
    digest,
    temporal: compact({ address: raw.temporal.address, namespace: raw.temporal.namespace }),
    gateway: normaliseGateway(raw.gateway, at),
    people: raw.people.map((person) => compact({ name: person.name, token: absoluteSecret(person.token, at) })),
    ...(prometheus
      ? { prometheus: compact({ ...prometheus, bearer: absoluteSecret(raw.prometheus?.bearer, at) }) }
      : {}),
    ...(raw.traces
      ? { traces: { jaeger: compact({ ...raw.traces.jaeger, bearer: absoluteSecret(raw.traces.jaeger.bearer, at) }) } }
      : {}),
    engine: compact({
      kind: raw.engine.kind,
      model: raw.engine.model ?? outside.anthropicModel ?? defaultModel,
      baseUrl,
      promptsFolder: raw.engine.prompts === undefined ? undefined : at(raw.engine.prompts),
      prices: raw.engine.prices,
    }),
    lessonsRepository: at(raw.lessons.repository),
    notifyUrls: raw.notify.webhooks.map((url) => absoluteSecret(url, at)),
    timings: normaliseTimings(raw),
    sandbox: compact(raw.sandbox),
    budgets: normaliseBudgets(raw),
    services: Object.fromEntries(services),
  };
}

function normaliseBudgets({ budgets }: ResidentFile): ResidentSettings['budgets'] {
  const { maxEngineMinutes, ...counts } = budgets;
  return { ...counts, maxEngineMs: Math.round(maxEngineMinutes * minute) };
}

function normaliseTimings({ timings, windows }: ResidentFile): ResidentSettings['timings'] {
  return {
    debounceMs: Math.round(timings.debounceSeconds * second),
    approvalTimeoutMs: Math.round(timings.approvalTimeoutMinutes * minute),
    reminderMs: Math.round(timings.reminderMinutes * minute),
    escalationMs: Math.round(timings.escalationMinutes * minute),
    watchMs: Math.round(timings.watchMinutes * minute),
    watchReadings: timings.watchReadings,
    lookbackMs: Math.round(windows.lookbackMinutes * minute),
    baselineMs: Math.round(windows.baselineMinutes * minute),
    changesMs: Math.round(windows.changesHours * 60 * minute),
    queryTimeoutMs: Math.round(timings.queryTimeoutSeconds * second),
    heartbeatTimeoutMs: Math.round(timings.heartbeatSeconds * second),
    sandboxTimeoutMs: Math.round(timings.sandboxTimeoutSeconds * second),
    actionTimeoutMs: Math.round(timings.actionTimeoutSeconds * second),
    busyTargetRetryMs: Math.round(timings.busyTargetRetrySeconds * second),
  };
}

type At = (relative: string) => string;

function normaliseGateway(raw: ResidentFile['gateway'], at: At): ResidentSettings['gateway'] {
  const colon = raw.listen.lastIndexOf(':');
  const webhooks = Object.entries(raw.webhooks).flatMap(([sender, credentials]) => {
    if (!credentials) return [];
    const { bearer = [], basic } = credentials;
    const tokens = Array.isArray(bearer) ? bearer : [bearer];
    return [
      [
        sender,
        {
          bearer: tokens.map((token) => absoluteSecret(token, at)),
          ...(basic ? { basic: { username: basic.username, password: absoluteSecret(basic.password, at) } } : {}),
        },
      ] as const,
    ];
  });
  return {
    host: raw.listen.slice(0, colon).replace(/^\[(.*)\]$/, '$1'),
    port: Number(raw.listen.slice(colon + 1)),
    maxBodyBytes: raw.maxBodyKilobytes * 1_024,
    serviceLabels: raw.serviceLabels,
    webhooks: Object.fromEntries(webhooks),
  };
}

function normaliseService(name: string, entry: ServiceEntry, folder: string, sandboxSeconds: number): ServiceSettings {
  const at = (relative: string) => path.resolve(folder, relative);
  const language = entry.language ?? 'unknown';
  const { sandbox } = entry;
  return compact({
    name,
    owner: entry.owner ?? 'nobody',
    source: entry.source === undefined ? undefined : isGitUrl(entry.source) ? entry.source : at(entry.source),
    language,
    dependsOn: entry.dependsOn ?? [],
    logs: entry.logs.map((log) => compact({ ...log, files: at(log.files) })),
    metrics: entry.metrics,
    deploysFile: entry.deploys ? at(entry.deploys.file) : undefined,
    tracedAs: entry.traces?.service,
    flagsFile: entry.flags ? at(entry.flags.file) : undefined,
    eventsFile: entry.events ? at(entry.events.file) : undefined,
    sandbox: sandbox
      ? compact({
          image: sandbox.image ?? language,
          dependencies: sandbox.dependencies,
          setup: sandbox.setup,
          test: sandbox.test,
          reproduce: sandbox.reproduce,
          run: sandbox.run && normaliseRun(sandbox.run),
          replayMethods: sandbox.replay?.methods,
          memoryMb: sandbox.memoryMb,
          cpus: sandbox.cpus,
          timeoutMs: Math.round((sandbox.timeoutSeconds ?? sandboxSeconds) * second),
        })
      : undefined,
    objectives: entry.objectives.map((objective) => compact(objective)),
    actions: normaliseActions(entry.actions, at),
    mode: entry.mode,
    approvers: entry.approvers,
  });
}

function normaliseRun({ command, port, readyPath, readySeconds, env }: RunEntry): RunSettings {
  return compact({
    command,
    port,
    readyPath,
    readyTimeoutMs: Math.round(readySeconds * second),
    environment: env,
  });
}

function normaliseActions(raw: ServiceEntry['actions'], at: At): ServiceSettings['actions'] {
  const argv = (command: readonly string[] | undefined) => command && absoluteProgram(command, at);
  const rollback = raw['deploy.rollback'];
  const restart = raw['service.restart'];
  const config = raw['config.rollback'];
  const settings = (value: { [K in keyof ActionSettings]: ActionSettings[K] | undefined }) => compact(value);
  return compact({
    'deploy.rollback': rollback && settings({ command: argv(rollback.command), current: argv(rollback.current) }),
    'service.restart': restart && settings({ command: argv(restart.command), current: argv(restart.current) }),
    'config.rollback': config && settings({ repository: at(config.repository), reload: argv(config.reload) }),
  });
}

/** `https://…`, `ssh://…`, `git@host:path`: what git clones from afar. */
export function isGitUrl(source: string): boolean {
  return /^[a-z][a-z+]*:\/\//i.test(source) || /^[\w.-]+@[\w.-]+:/.test(source);
}

/** `./deploy.sh` means the one beside resident.yaml, wherever the worker runs; `deploy` is looked for on the PATH. */
function absoluteProgram(command: readonly string[], at: At): readonly string[] {
  const [program = '', ...rest] = command;
  return /^\.{1,2}\//.test(program) ? [at(program), ...rest] : command;
}

function absoluteSecret(reference: SecretReference, at: At): SecretReference;
function absoluteSecret(reference: SecretReference | undefined, at: At): SecretReference | undefined;
function absoluteSecret(reference: SecretReference | undefined, at: At): SecretReference | undefined {
  return reference && 'file' in reference ? { file: at(reference.file) } : reference;
}

type RunEntry = NonNullable<NonNullable<ServiceEntry['sandbox']>['run']>;

type Compact<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** Leaves out keys without a value, so that absent stays absent in JSON. */
function compact<T extends object>(value: T): Compact<T> {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as Compact<T>;
}
