import { OutsideError } from './outside-error.ts';

/** What people are told; `text` is clean already. */
export interface Notice {
  readonly kind: string;
  readonly incidentId: string;
  readonly text: string;
  readonly to: readonly string[];
}

export interface Notifier {
  /** How many places are told. */
  readonly count: number;
  /** @throws OutsideError system `Webhook`; messages name the place by number, because a webhook's URL is a secret. */
  send(notice: Notice): Promise<void>;
}

export interface NotifierOptions {
  /** URLs, each resolved when it is used. */
  readonly urls: readonly (() => Promise<string> | string)[];
  readonly timeoutMs?: number;
  readonly fetch?: typeof fetch;
}

/**
 * Posts each notice as JSON to every configured webhook. All of them are tried; one that fails is named afterwards, and
 * Temporal tries again. A notice can therefore arrive twice: `incidentId` and `kind` tell that it is the same.
 */
export function createNotifier(options: NotifierOptions): Notifier {
  const post = options.fetch ?? fetch;
  const timeoutMs = options.timeoutMs ?? 10_000;
  return {
    count: options.urls.length,
    async send(notice) {
      const body = JSON.stringify(notice);
      const sent = await Promise.all(options.urls.map((url, index) => sendOne(url, index + 1, body, post, timeoutMs)));
      const faults = sent.filter((fault) => fault !== undefined);
      if (faults.length === 0) return;
      const retryable = faults.some((fault) => fault.retryable);
      throw new OutsideError(
        `${faults.length} of ${options.urls.length} webhooks did not take the notice: ${faults.map((fault) => fault.text).join('; ')}. Check \`notify\` in resident.yaml.`,
        { system: 'Webhook', kind: 'NotTaken', retryable },
      );
    },
  };
}

interface Fault {
  readonly text: string;
  readonly retryable: boolean;
}

async function sendOne(
  resolveUrl: () => Promise<string> | string,
  number: number,
  body: string,
  post: typeof fetch,
  timeoutMs: number,
): Promise<Fault | undefined> {
  let url: string;
  try {
    url = await resolveUrl();
  } catch (error) {
    return { text: `webhook ${number}: ${error instanceof Error ? error.message : String(error)}`, retryable: false };
  }
  try {
    const response = await post(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': 'resident' },
      body,
      // A redirect could lead the notice to a place that nobody configured.
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    await response.body?.cancel();
    if (response.ok) return undefined;
    const retryable = response.status >= 500 || response.status === 429 || response.status === 408;
    return { text: `webhook ${number} answered ${response.status}`, retryable };
  } catch (error) {
    return {
      text: `webhook ${number}: ${tellError(error, timeoutMs)}`,
      retryable: !(error instanceof TypeError && isBadUrl(error)),
    };
  }
}

/** Messages of fetch can hold the URL, so only names and codes are told. */
function tellError(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return 'failed';
  if (error.name === 'TimeoutError') return `no answer within ${timeoutMs} ms`;
  const code = (error.cause as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : isBadUrl(error) ? 'its URL is not one' : error.name;
}

function isBadUrl(error: Error): boolean {
  const code = (error.cause as { code?: unknown } | undefined)?.code ?? (error as { code?: unknown }).code;
  return code === 'ERR_INVALID_URL';
}
