/** Sends items for one key; `deadline` is the epoch time in milliseconds at which its first caller has waited enough. */
export type SendBatch<Item, Answer> = (key: string, items: readonly Item[], deadline: number) => Promise<Answer>;

export interface BatchLimits {
  readonly maxItems: number;
  /** Characters of the items as JSON; what one caller brings stays together even when it is more. */
  readonly maxLength: number;
  readonly withinMs: number;
}

interface Batch<Item, Answer> {
  readonly items: Item[];
  length: number;
  readonly answer: Promise<Answer>;
}

/**
 * One call at a time for each key: what comes while it is under way goes together in the next one. A storm on one key so
 * costs a few large calls instead of many small ones that wait for each other on the server. Each caller gets the answer of
 * the very call that carried its items, so nothing is acknowledged before it was sent; when that call fails, they all hear it.
 */
export function createBatches<Item, Answer>(
  send: SendBatch<Item, Answer>,
  limits: BatchLimits,
): (key: string, items: readonly Item[]) => Promise<Answer> {
  const waiting = new Map<string, Batch<Item, Answer>>();
  const underWay = new Map<string, Promise<void>>();

  function open(key: string, items: readonly Item[], length: number): Promise<Answer> {
    const deadline = Date.now() + limits.withinMs;
    const answer = (underWay.get(key) ?? Promise.resolve()).then(() => {
      if (waiting.get(key) === batch) waiting.delete(key);
      return send(key, batch.items, deadline);
    });
    const batch: Batch<Item, Answer> = { items: [...items], length, answer };
    waiting.set(key, batch);
    const isOver = (): void => {
      if (underWay.get(key) === ended) underWay.delete(key);
    };
    const ended: Promise<void> = answer.then(isOver, isOver);
    underWay.set(key, ended);
    return answer;
  }

  return (key, items) => {
    const length = JSON.stringify(items).length;
    const batch = waiting.get(key);
    if (!batch || batch.items.length + items.length > limits.maxItems || batch.length + length > limits.maxLength) {
      return open(key, items, length);
    }
    batch.items.push(...items);
    batch.length += length;
    return batch.answer;
  };
}
