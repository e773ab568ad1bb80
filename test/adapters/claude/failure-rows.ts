import { LLMock } from '@copilotkit/aimock';
import { startStrictMessages, type StrictReply } from '../../fakes/strict-messages.ts';
import { report } from './case.ts';
import { testKey, type DriveOptions } from './drive-reason.ts';

/** What answers a row's requests, and how often it was asked. */
export interface Peer {
  readonly url: string;
  requests(): number;
  stop(): Promise<void>;
}

export interface FailureRow {
  readonly what: string;
  readonly start: () => Promise<Peer>;
  readonly drive?: Partial<DriveOptions>;
  /** The failure that Temporal gets, or none where the engine answers by itself. */
  readonly failure?: { readonly type: string; readonly nextRetryDelayMs?: number };
  /** Whose diagnosis stands, and what a person reads in `missing`. */
  readonly stands: 'analyst' | 'claude/fake-1';
  readonly note?: RegExp;
  /** Calls of the model, one for each attempt of a step. */
  readonly attempts: number;
  /** aimock counts no request that it turned away at the door, and none whose sender did not wait. */
  readonly isUncounted?: true;
}

type Fixture = Parameters<LLMock['addFixture']>[0];
type Reply = Fixture['response'];

/** aimock, a mock of the API that others wrote; the replies in turn, the last one for ever. */
function mock(replies: readonly Reply[], rest: Partial<Fixture> = {}, auth?: string): () => Promise<Peer> {
  return async () => {
    let asked = 0;
    const server = new LLMock({ port: 0, ...(auth === undefined ? {} : { auth: { apiKeys: [auth] } }) });
    const pick = (): Reply => replies[Math.min(asked++, replies.length - 1)] ?? { content: '' };
    server.addFixture({
      match: { predicate: () => true },
      response: async (request) => {
        const reply = pick();
        return typeof reply === 'function' ? reply(request) : reply;
      },
      ...rest,
    });
    await server.start();
    return {
      url: server.url,
      requests: () => server.getRequests().filter(({ path }) => path.startsWith('/v1/messages')).length,
      stop: () => server.stop(),
    };
  };
}

/** Our own strict server, for what aimock does not do. */
function strict(replies: readonly StrictReply[]): () => Promise<Peer> {
  return async () => {
    const server = await startStrictMessages(
      testKey,
      (call) => replies[Math.min(call, replies.length) - 1] ?? { content: [] },
    );
    return { url: server.url, requests: () => server.requests(), stop: () => server.stop() };
  };
}

const failing = (status: number, type: string, retryAfter?: number): Reply => ({
  error: { message: `no, says ${testKey}`, type },
  status,
  ...(retryAfter === undefined ? {} : { retryAfter }),
});
const call = (name: string, input: unknown, id = 'toolu_1'): Reply => ({
  toolCalls: [{ name, arguments: JSON.stringify(input), id }],
});
const reporting = call('report_diagnosis', report, 'toolu_9');
/** Attempts of the primary engine before the analyst takes its place: `lastPrimaryAttempt` of the activity. */
const patience = 4;

export const failureRows: readonly FailureRow[] = [
  {
    what: 'aimock: 429 with retry-after',
    start: mock([failing(429, 'rate_limit_error', 7)]),
    failure: { type: 'Anthropic.RateLimited', nextRetryDelayMs: 7_000 },
    stands: 'analyst',
    note: /did not answer: Anthropic did not answer for fake-1: HTTP 429, no, says/,
    attempts: patience,
  },
  {
    what: 'aimock: 429 once, then an answer',
    start: mock([failing(429, 'rate_limit_error', 1), reporting]),
    failure: { type: 'Anthropic.RateLimited', nextRetryDelayMs: 1_000 },
    stands: 'claude/fake-1',
    attempts: 2,
  },
  {
    what: 'aimock: 529, overloaded',
    start: mock([failing(529, 'overloaded_error')]),
    failure: { type: 'Anthropic.Overloaded' },
    stands: 'analyst',
    note: /did not answer/,
    attempts: patience,
  },
  {
    what: 'aimock: 500',
    start: mock([failing(500, 'api_error')]),
    failure: { type: 'Anthropic.Unavailable' },
    stands: 'analyst',
    note: /did not answer/,
    attempts: patience,
  },
  {
    what: 'aimock: no headers within the time limit',
    start: mock([reporting], { chaos: { latencyMs: 400 } }),
    isUncounted: true,
    drive: { timeoutMs: 150 },
    failure: { type: 'Anthropic.Timeout' },
    stands: 'analyst',
    note: /did not answer/,
    attempts: patience,
  },
  {
    what: 'strict: headers in time, a body that stalls',
    start: strict([{ content: [], how: 'stalled' }]),
    drive: { timeoutMs: 400 },
    failure: { type: 'Anthropic.Timeout' },
    stands: 'analyst',
    note: /did not answer/,
    attempts: patience,
  },
  {
    what: 'aimock: the connection ends before the headers',
    start: mock([reporting], { chaos: { disconnectRate: 1 } }),
    failure: { type: 'Anthropic.Unreachable' },
    stands: 'analyst',
    note: /did not answer/,
    attempts: patience,
  },
  {
    what: 'strict: the connection is cut in the middle of the answer, then the answer comes',
    start: strict([
      { content: [{ type: 'text', text: 'Half of it is not enough.' }], how: 'cut' },
      { content: [{ type: 'tool_use', id: 't1', name: 'report_diagnosis', input: report }] },
    ]),
    failure: { type: 'Anthropic.Unreachable' },
    stands: 'claude/fake-1',
    attempts: 2,
  },
  {
    what: 'aimock: an answer that is no JSON',
    start: mock([reporting], { chaos: { malformedRate: 1 } }),
    failure: { type: 'Anthropic.UnreadableAnswer' },
    stands: 'analyst',
    note: /did not answer/,
    attempts: patience,
  },
  {
    what: 'strict: 200 with the page of a proxy',
    start: strict([{ raw: '<html>Sign in</html>', contentType: 'text/html' }]),
    stands: 'analyst',
    note: /sent no message/,
    attempts: 1,
  },
  {
    what: 'strict: 200 without a body',
    start: strict([{ raw: '', contentType: 'application/json' }]),
    stands: 'analyst',
    note: /sent no message/,
    attempts: 1,
  },
  {
    what: 'aimock: a wrong key (401)',
    start: mock([reporting], {}, 'another-key'),
    isUncounted: true,
    stands: 'analyst',
    note: /could not be asked: .*401.*Check ANTHROPIC_API_KEY/,
    attempts: 1,
  },
  {
    what: 'strict: a wrong key (401)',
    start: strict([]),
    drive: { apiKey: 'sk-ant-wrong' },
    stands: 'analyst',
    note: /could not be asked: .*401.*Check ANTHROPIC_API_KEY/,
    attempts: 1,
  },
  {
    what: 'strict: 403, the key may not use the model',
    start: strict([{ status: 403, type: 'permission_error' }]),
    stands: 'analyst',
    note: /could not be asked: .*403/,
    attempts: 1,
  },
  {
    what: 'aimock: 404, an unknown model',
    start: mock([failing(404, 'not_found_error')]),
    stands: 'analyst',
    note: /could not be asked: .*404/,
    attempts: 1,
  },
  {
    what: 'aimock: 400, a request that it does not take',
    start: mock([failing(400, 'invalid_request_error')]),
    stands: 'analyst',
    note: /could not be asked: .*400/,
    attempts: 1,
  },
  {
    what: 'strict: 429 with retry-after-ms and rate-limit headers, then an answer',
    start: strict([
      {
        status: 429,
        type: 'rate_limit_error',
        headers: { 'retry-after-ms': '1250', 'anthropic-ratelimit-requests-remaining': '0' },
      },
      { content: [{ type: 'tool_use', id: 't1', name: 'report_diagnosis', input: report }] },
    ]),
    failure: { type: 'Anthropic.RateLimited', nextRetryDelayMs: 1_250 },
    stands: 'claude/fake-1',
    attempts: 2,
  },
  {
    what: 'aimock: a refusal (stop_reason refusal)',
    start: mock([{ content: 'I cannot help with that.', finishReason: 'refusal' }]),
    stands: 'analyst',
    note: /refused to answer/,
    attempts: 1,
  },
  {
    what: 'aimock: an answer that is cut off (stop_reason max_tokens)',
    start: mock([{ content: 'The cause is', finishReason: 'length' }]),
    stands: 'analyst',
    note: /was cut off/,
    attempts: 1,
  },
  {
    what: 'aimock: a report that is cut off is sent back, and comes whole',
    start: mock([{ ...call('report_diagnosis', { verdict: 'cause' }), finishReason: 'length' }, reporting]),
    stands: 'claude/fake-1',
    attempts: 2,
  },
  {
    what: 'aimock: tool input of another shape, then a report',
    start: mock([call('query_logs', { service: 7, rm: '-rf' }), reporting]),
    stands: 'claude/fake-1',
    attempts: 2,
  },
  {
    what: 'aimock: an unknown tool, then a report',
    start: mock([call('restart_service', { service: 'user-service' }), reporting]),
    stands: 'claude/fake-1',
    attempts: 2,
  },
  {
    what: 'aimock: empty content, then a report',
    start: mock([{ content: '' }, reporting]),
    stands: 'claude/fake-1',
    attempts: 2,
  },
  {
    what: 'aimock: only text, to the end of the steps',
    start: mock([{ content: 'Hm.' }]),
    drive: { maxSteps: 3 },
    stands: 'analyst',
    note: /reported no diagnosis within its budget/,
    attempts: 3,
  },
  {
    what: 'aimock: a report that is wrong twice',
    start: mock([call('report_diagnosis', { ...report, service: 'billing' })]),
    stands: 'analyst',
    note: /was not used: it blames a service that is not in the inventory/,
    attempts: 2,
  },
];
