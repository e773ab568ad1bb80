import type { Shop } from './run-shop.ts';

const MAX_IN_FLIGHT = 20;
const PLACE_SHARE = 0.8;
const USUAL_ITEMS = ['mug', 'lamp', 'clock', 'chair', 'rug'];

export interface LoadTotals {
  readonly sent: number;
  /** Answers by status code; `error` where none came. */
  readonly answers: Readonly<Record<string, number>>;
  /** Requests that were left out because too many were under way. */
  readonly skipped: number;
}

export interface Load {
  /** What was sent so far. */
  readonly totals: () => LoadTotals;
  readonly stop: () => LoadTotals;
  /** Resolves once no more is sent. */
  readonly ended: Promise<void>;
}

/**
 * Customers of the shop: most place orders, some look at one. A few ask for customers that do not exist, want what is
 * sold out or have a card that is declined, and a badly written client calls user-service without a session: the noise
 * of a healthy day. Stops by itself after `maxSeconds`.
 */
export function startLoad(shop: Shop, options: { ratePerSecond?: number; maxSeconds?: number } = {}): Load {
  const { ratePerSecond = 8, maxSeconds = 900 } = options;
  const answers: Record<string, number> = {};
  let sent = 0;
  let skipped = 0;
  let inFlight = 0;
  let lastOrderId = 'o1';

  const sendOne = async (number: number): Promise<void> => {
    if (inFlight >= MAX_IN_FLIGHT) {
      skipped += 1;
      return;
    }
    inFlight += 1;
    sent += 1;
    const { status, orderId } = await request(chooseRequest(shop, number, lastOrderId));
    if (orderId !== undefined) lastOrderId = orderId;
    answers[status] = (answers[status] ?? 0) + 1;
    inFlight -= 1;
  };

  let number = 0;
  const ticker = setInterval(() => void sendOne((number += 1)), 1000 / ratePerSecond);
  let markEnded = () => {};
  const ended = new Promise<void>((resolve) => (markEnded = resolve));
  const end = setTimeout(() => void stop(), maxSeconds * 1000);
  end.unref();
  const totals = () => ({ sent, answers: { ...answers }, skipped });
  const stop = () => {
    clearInterval(ticker);
    clearTimeout(end);
    markEnded();
    return totals();
  };
  return { totals, stop, ended };
}

interface LoadRequest {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly body?: unknown;
}

/** The mix is a fixed function of the request's number, so that two runs see the same customers. */
function chooseRequest(shop: Shop, number: number, lastOrderId: string): LoadRequest {
  const orders = `http://127.0.0.1:${shop.ports['order-service']}/orders`;
  const users = `http://127.0.0.1:${shop.ports['user-service']}/customers`;
  if (number % 47 === 0) return { method: 'GET', url: `${users}/c1` };
  if (number % 61 === 0) return { method: 'GET', url: `${orders}/lost-${number}` };
  if (scatter(number) >= PLACE_SHARE) return { method: 'GET', url: `${orders}/${lastOrderId}` };
  const customer = number % 53 === 0 ? 999 : 1 + (number % 120);
  const sku = number % 19 === 0 ? 'print' : USUAL_ITEMS[number % USUAL_ITEMS.length];
  return {
    method: 'POST',
    url: orders,
    body: { customerId: `c${customer}`, sku, quantity: 1 + (number % 3 === 0 ? 1 : 0) },
  };
}

/** Between 0 and 1, evenly spread and without a pattern that the eye would see (golden ratio sequence). */
function scatter(number: number): number {
  return (number * 0.618_033_988_75) % 1;
}

async function request({ url, method, body }: LoadRequest): Promise<{ status: string; orderId?: string }> {
  try {
    const init = { method, signal: AbortSignal.timeout(5000) };
    const response = await fetch(url, body === undefined ? init : { ...init, body: JSON.stringify(body) });
    const answer = (await response.json()) as { id?: string };
    const isOrder = response.status === 201 && answer.id !== undefined;
    return { status: String(response.status), ...(isOrder && answer.id ? { orderId: answer.id } : {}) };
  } catch {
    return { status: 'error' };
  }
}
