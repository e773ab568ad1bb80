/** Messages in order; who takes waits until there is one. */
export interface Mailbox<T> {
  post(message: T): void;
  take(): Promise<T>;
}

export function createMailbox<T>(): Mailbox<T> {
  const messages: T[] = [];
  const takers: ((message: T) => void)[] = [];
  return {
    post(message) {
      const taker = takers.shift();
      if (taker) taker(message);
      else messages.push(message);
    },
    take: () =>
      messages.length > 0
        ? Promise.resolve(messages.shift() as T)
        : new Promise((resolve) => {
            takers.push(resolve);
          }),
  };
}
