import type { Lesson } from './lesson.ts';

/** A span of time; both ends are ISO strings, `from` inclusive, `to` exclusive. */
export interface TimeWindow {
  readonly from: string;
  readonly to: string;
}

export type EvidenceKind =
  | 'alert'
  | 'logs'
  | 'metrics'
  | 'traces'
  | 'changes'
  | 'deploys'
  | 'flags'
  | 'events'
  | 'source'
  | 'lessons'
  | 'reproduction';

/** `empty` is a result: the source answered, and had nothing. `refused` means that policy or a limit forbade the query. */
export type EvidenceOutcome = 'found' | 'empty' | 'failed' | 'refused';

/**
 * Something seen. The body lies in the evidence store under `digest`; histories carry only this reference.
 * Ids are unique within an incident: `<service>/<kind>/<n>`, for example `order-service/logs/1`.
 */
export interface Evidence {
  readonly id: string;
  readonly service: string;
  readonly kind: EvidenceKind;
  /** Where it was asked: `logs ./logs/order*.log`, `prometheus`, `git ./repos/user`. */
  readonly source: string;
  /** The exact query, file pattern or command. */
  readonly query: string;
  readonly window: TimeWindow;
  readonly outcome: EvidenceOutcome;
  /** One line for people, at most 400 characters, control characters removed. */
  readonly summary: string;
  /** SHA-256 (hex) of the body in the evidence store; absent when there is no body. */
  readonly digest?: string;
  readonly bytes?: number;
  /** What was left out of the body and why, for example `kept 20000 of 81234 lines`. */
  readonly truncated?: string;
  /** For `failed` and `refused`: what happened and what to do about it. */
  readonly reason?: string;
}

/** One log line. `fields` holds what a JSON line carried beside its message. */
export interface LogLine {
  readonly at: string;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: Readonly<Record<string, string | number | boolean>>;
}

/** Body of evidence of kind `logs`, oldest line first. */
export interface LogsBody {
  readonly kind: 'logs';
  readonly service: string;
  /** Lines at or after this time belong to the incident; the ones before are the baseline. */
  readonly incidentFrom: string;
  readonly lines: readonly LogLine[];
}

/** One series: `points` are `[ISO time, value]`, oldest first. */
export interface MetricSeries {
  readonly name: string;
  readonly expression: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly points: readonly (readonly [string, number])[];
}

/** Body of evidence of kind `metrics`. */
export interface MetricsBody {
  readonly kind: 'metrics';
  readonly service: string;
  readonly incidentFrom: string;
  readonly series: readonly MetricSeries[];
}

export interface FileChange {
  readonly path: string;
  /** Unified diff of this file, cut to a limit. */
  readonly diff: string;
}

/** One commit. Subject, body, author and diff are text that an attacker may have written. */
export interface Change {
  readonly service: string;
  /** The full SHA. */
  readonly id: string;
  readonly author: string;
  readonly at: string;
  readonly subject: string;
  readonly body: string;
  readonly files: readonly FileChange[];
  /** SHA of the first parent; absent for a root commit. */
  readonly parent?: string;
}

/** Body of evidence of kind `changes`, oldest first. */
export interface ChangesBody {
  readonly kind: 'changes';
  readonly service: string;
  readonly changes: readonly Change[];
}

/** One deployment of a revision. */
export interface Deploy {
  readonly id: string;
  readonly service: string;
  /** As the record tells it: a SHA, a short one, or a tag. */
  readonly revision: string;
  /** Full SHA of the commit that `revision` names, where it is written otherwise and the repository knows it. */
  readonly commit?: string;
  readonly previous?: string;
  readonly at: string;
  readonly by?: string;
  /** The image that was deployed, as the record names it. */
  readonly image?: string;
  readonly status: 'succeeded' | 'failed' | 'running';
}

/** Body of evidence of kind `deploys`, oldest first. */
export interface DeploysBody {
  readonly kind: 'deploys';
  readonly service: string;
  readonly deploys: readonly Deploy[];
}

/** One span, with the names of OpenTelemetry's data model. */
export interface Span {
  readonly traceId: string;
  readonly id: string;
  /** Absent for the root of a trace. */
  readonly parentId?: string;
  readonly service: string;
  readonly name: string;
  readonly kind?: 'server' | 'client' | 'producer' | 'consumer' | 'internal';
  /** ISO time of its start. */
  readonly at: string;
  readonly durationMs: number;
  readonly status: 'ok' | 'error' | 'unset';
  readonly fields: Readonly<Record<string, string | number | boolean>>;
}

/** Body of evidence of kind `traces`: the spans that `service` recorded, oldest first. */
export interface TracesBody {
  readonly kind: 'traces';
  readonly service: string;
  /** Spans that began at or after this time belong to the incident; the ones before are the baseline. */
  readonly incidentFrom: string;
  readonly spans: readonly Span[];
}

/** A feature flag or another setting that was changed while the service ran. */
export interface FlagChange {
  readonly id: string;
  readonly service: string;
  readonly flag: string;
  readonly at: string;
  readonly from?: string;
  readonly to?: string;
  readonly by?: string;
}

/** Body of evidence of kind `flags`, oldest first. */
export interface FlagsBody {
  readonly kind: 'flags';
  readonly service: string;
  readonly flags: readonly FlagChange[];
}

/** What a platform says of a service: Kubernetes events and states, database events, a provider's status page. */
export interface PlatformEvent {
  readonly at: string;
  /** The last time, where the event was repeated. */
  readonly lastAt?: string;
  /** How often it was seen; absent means once. */
  readonly count?: number;
  readonly severity: 'info' | 'warn' | 'error';
  /** What it is about: `Pod/cart-7f9c`, `Node/worker-3`, `db-instance/orders`. */
  readonly object: string;
  /** The platform's own word for it, such as `OOMKilled`, `BackOff`, `failover`. */
  readonly reason?: string;
  readonly message: string;
}

/** Body of evidence of kind `events`, oldest first. */
export interface EventsBody {
  readonly kind: 'events';
  readonly service: string;
  readonly incidentFrom: string;
  readonly events: readonly PlatformEvent[];
}

/** Lines of a file of a service's source. */
export interface SourceExcerpt {
  /** Below the service's folder. */
  readonly path: string;
  /** Full SHA. */
  readonly revision: string;
  /** Number of the first line, from 1. */
  readonly fromLine: number;
  readonly text: string;
  /** Why it is shown: `named by a stack frame`, `changed by 3f2a…`. */
  readonly why: string;
}

/** Body of evidence of kind `source`: what an engine was shown of a service's source, most telling first. */
export interface SourceBody {
  readonly kind: 'source';
  readonly service: string;
  readonly excerpts: readonly SourceExcerpt[];
}

/** Body of evidence of kind `lessons`: past lessons that resemble the incident, best first. */
export interface LessonsBody {
  readonly kind: 'lessons';
  readonly service: string;
  readonly lessons: readonly Lesson[];
}

export type EvidenceBody =
  LogsBody | MetricsBody | TracesBody | ChangesBody | DeploysBody | FlagsBody | EventsBody | SourceBody | LessonsBody;

/** True when the source answered with something that can be argued from. */
export function isUsable(evidence: Evidence): boolean {
  return evidence.outcome === 'found' && evidence.digest !== undefined;
}

/** The gaps that a report must name: sources that did not answer. */
export function listGaps(evidence: readonly Evidence[]): readonly string[] {
  return evidence
    .filter((item) => item.outcome === 'failed' || item.outcome === 'refused')
    .map(
      (item) =>
        `${item.service}: ${item.kind} from ${item.source} ${item.outcome}: ${item.reason ?? 'no reason given'}`,
    );
}
