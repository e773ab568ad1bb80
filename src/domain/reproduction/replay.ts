/** A request as production's logs tell it. Bodies and credentials are never in there, so none are replayed. */
export interface RecordedRequest {
  readonly method: string;
  /** Path with query, as sent; without parameters that carried a secret. */
  readonly path: string;
  /** What production answered; absent where only an error line names the request. */
  readonly status?: number;
  readonly durationMs?: number;
  readonly at: string;
}

/** What is wrong with the request in production, and so what a replay must show to count. */
export type RequestFault = 'server-error' | 'client-error' | 'slow';

/** The request of the incident's window that is replayed. */
export interface ChosenRequest extends RecordedRequest {
  readonly service: string;
  readonly fault: RequestFault;
  /** The evidence whose line told it. */
  readonly evidenceId: string;
  /** How many lines of the incident tell the same trouble of the same route. */
  readonly failures: number;
}

/** How a service is started in the sandbox: from `sandbox.run` in resident.yaml, with its port settled. */
export interface StartOrder {
  readonly service: string;
  /** Language of the image, or an image id pinned by digest. */
  readonly image: string;
  readonly setup: readonly (readonly string[])[];
  readonly command: readonly string[];
  readonly port: number;
  /** Answers below 500 once the service is up; without it an open port counts. */
  readonly readyPath?: string;
  readonly readyTimeoutMs: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly memoryMb: number;
  readonly cpus: number;
}

/** What a stand-in answers to one method and path. */
export interface RecordedAnswer {
  readonly method: string;
  readonly path: string;
  readonly status: number;
}

/** Plays a neighbour that cannot be started: answers as its logs tell, and `200 {}` to what they do not. */
export interface StandIn {
  readonly service: string;
  readonly port: number;
  readonly answers: readonly RecordedAnswer[];
}

/** Everything that replaying one request takes; the services' sources come with the sandbox request. */
export interface ReplayPlan {
  readonly request: ChosenRequest;
  /** The service that gets the request first, the others in the order in which they are started. */
  readonly services: readonly StartOrder[];
  readonly standIns: readonly StandIn[];
  /** The answer is waited for so long. */
  readonly answerTimeoutMs: number;
}

/** What the replayed request met. `broken`: the connection ended without an answer; `silent`: none came in time. */
export type ReplayAnswer =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly durationMs: number;
      readonly contentType: string;
      readonly body: string;
    }
  | { readonly kind: 'broken' | 'silent'; readonly durationMs: number; readonly detail: string };
