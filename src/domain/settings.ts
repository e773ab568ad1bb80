import type { ActionType, Mode } from './plan/plan.ts';

/** What the incident workflow needs to know of one service; a snapshot taken when the incident opens. */
export interface ServiceView {
  readonly service: string;
  readonly owner: string;
  readonly dependsOn: readonly string[];
  readonly mode: Mode;
  readonly approvers: readonly string[];
  readonly hasSource: boolean;
  readonly canReproduce: boolean;
  readonly actions: readonly ActionType[];
  /** What is collected beside logs, metrics, changes and deploys; absent in snapshots that are older than these sources. */
  readonly collects?: readonly FurtherSource[];
}

/** Sources that a service may do without, and that cost an incident nothing where they are not configured. */
export type FurtherSource = 'traces' | 'flags' | 'events';

/** Durations are inputs of the workflow, in milliseconds, so that tests run fast and users can tune them. */
export interface Timings {
  readonly debounceMs: number;
  readonly approvalTimeoutMs: number;
  readonly reminderMs: number;
  readonly escalationMs: number;
  readonly watchMs: number;
  readonly watchReadings: number;
  /** How long before the alert began the trouble may have begun. */
  readonly lookbackMs: number;
  /** Length of the healthy stretch before the look-back, to compare with. */
  readonly baselineMs: number;
  /** How far back changes and deploys are collected before the alert began (`windows.changesHours`, 24 by default). */
  readonly changesMs: number;
  /** Limit of one query of an outside system. */
  readonly queryTimeoutMs: number;
  /** A worker that is silent for this long is taken to be dead. */
  readonly heartbeatTimeoutMs: number;
  readonly sandboxTimeoutMs: number;
  readonly actionTimeoutMs: number;
  /** How long to wait before asking again for a target on which another plan is at work (10 s by default). */
  readonly busyTargetRetryMs: number;
}

export interface Budgets {
  /** Steps of an engine in one round. */
  readonly maxEngineSteps: number;
  /** Tokens that an incident may spend on a model, in and out together. */
  readonly maxModelTokens: number;
  /** US dollars that an incident may spend on a model; counted with `engine.prices`, or list prices. */
  readonly maxModelCost: number;
  /** How long an engine may argue in one round. */
  readonly maxEngineMs: number;
  /** Rounds of investigation: one, and one more after a rejection. */
  readonly maxRounds: number;
  /** Residents asked in one incident. */
  readonly maxResidents: number;
}

/** The settings of an incident: a snapshot, so that an edit of resident.yaml does not change a running incident by halves. */
export interface IncidentSettings {
  readonly service: ServiceView;
  /** Every configured service that can be reached from the alerting one, itself included. */
  readonly services: Readonly<Record<string, ServiceView>>;
  readonly timings: Timings;
  readonly budgets: Budgets;
  readonly engine: string;
  /** False when no webhook is configured that tells people; the timeline and the Temporal UI do all the same. */
  readonly canNotify: boolean;
  readonly configDigest: string;
}

// ---- resident.yaml as parsed: paths absolute, secrets resolved by reference only when used ----

/** US dollars for a million tokens. */
export interface ModelPrices {
  readonly input: number;
  readonly output: number;
  /** Input that is written to the provider's cache, and that is read from it. */
  readonly cacheWrite?: number;
  readonly cacheRead?: number;
}

export type SecretReference = { readonly env: string } | { readonly file: string };

export interface LogSource {
  /** Absolute glob pattern; rotated files match too. */
  readonly files: string;
  readonly format: 'json' | 'text' | 'auto';
  /** IANA name of the zone of times that are written without one; UTC when absent. */
  readonly timezone?: string;
}

export interface NamedQuery {
  readonly name: string;
  readonly expr: string;
}

/** A condition that holds while the service is well: `min <= value <= max`. */
export interface Objective extends NamedQuery {
  readonly max?: number;
  readonly min?: number;
}

export interface ActionSettings {
  /** argv; `{revision}` is replaced in place, never through a shell. */
  readonly command?: readonly string[];
  /** argv that prints the present state (for example the deployed revision) on its last line. */
  readonly current?: readonly string[];
  /** For `config.rollback`. */
  readonly repository?: string;
  readonly reload?: readonly string[];
}

/** How a service is started in the sandbox. */
export interface RunSettings {
  readonly command: readonly string[];
  readonly port: number;
  readonly readyPath?: string;
  readonly readyTimeoutMs: number;
  /** `{port}` and `{port:<service>}` are filled in when the services of a replay are known. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface SandboxSettings {
  readonly image: string;
  /** `auto` (when left out): by the usual lockfiles; `none`; or the path of a lockfile in the source. */
  readonly dependencies?: string;
  readonly setup: readonly (readonly string[])[];
  readonly test?: readonly string[];
  readonly reproduce?: readonly string[];
  readonly run?: RunSettings;
  /** HTTP methods of recorded requests that may be sent again; GET and HEAD when left out. */
  readonly replayMethods?: readonly string[];
  readonly memoryMb: number;
  readonly cpus: number;
  readonly timeoutMs: number;
}

export interface ServiceSettings {
  readonly name: string;
  readonly owner: string;
  /** Absolute path or Git URL. */
  readonly source?: string;
  readonly language: string;
  readonly dependsOn: readonly string[];
  readonly logs: readonly LogSource[];
  readonly metrics: readonly NamedQuery[];
  readonly deploysFile?: string;
  /** Its name in the tracing system, where it is another. */
  readonly tracedAs?: string;
  readonly flagsFile?: string;
  readonly eventsFile?: string;
  readonly sandbox?: SandboxSettings;
  readonly objectives: readonly Objective[];
  readonly actions: Readonly<Partial<Record<ActionType, ActionSettings>>>;
  readonly mode: Mode;
  readonly approvers: readonly string[];
}

export interface PersonSettings {
  readonly name: string;
  readonly token?: SecretReference;
}

export interface WebhookCredentials {
  readonly bearer: readonly SecretReference[];
  readonly basic?: { readonly username: string; readonly password: SecretReference };
}

export interface EngineSettings {
  readonly kind: 'analyst' | 'claude';
  readonly model: string;
  readonly baseUrl?: string;
  /** Absolute path of a folder with prompts that take the place of ours. */
  readonly promptsFolder?: string;
  readonly prices?: ModelPrices;
}

/** The worker that runs sandboxes, for all services. */
export interface SandboxWorkerSettings {
  /** An OCI runtime that the engine knows; its default one when left out. */
  readonly runtime?: string;
  /** Sandboxes at once; by processors and memory when left out. */
  readonly concurrent?: number;
}

/** The whole of resident.yaml. */
export interface ResidentSettings {
  readonly file: string;
  readonly stateFolder: string;
  /** SHA-256 of the file's bytes. */
  readonly digest: string;
  readonly temporal: { readonly address?: string; readonly namespace: string };
  readonly gateway: {
    readonly host: string;
    readonly port: number;
    readonly maxBodyBytes: number;
    /** Labels that name the service, tried in order. */
    readonly serviceLabels: readonly string[];
    readonly webhooks: Readonly<Record<string, WebhookCredentials>>;
  };
  readonly people: readonly PersonSettings[];
  readonly prometheus?: { readonly url: string; readonly bearer?: SecretReference };
  readonly traces?: { readonly jaeger: { readonly url: string; readonly bearer?: SecretReference } };
  readonly engine: EngineSettings;
  readonly lessonsRepository: string;
  readonly notifyUrls: readonly SecretReference[];
  readonly timings: Timings;
  readonly sandbox: SandboxWorkerSettings;
  readonly budgets: Budgets;
  readonly services: Readonly<Record<string, ServiceSettings>>;
}

/** All services that suspicion can reach from `start` along the call graph, nearest first. */
export function listReachable(
  services: Readonly<Record<string, { readonly dependsOn: readonly string[] }>>,
  start: string,
): readonly string[] {
  const reached = [start];
  for (const name of reached) {
    for (const next of services[name]?.dependsOn ?? []) {
      if (services[next] && !reached.includes(next)) reached.push(next);
    }
  }
  return reached;
}
