/** What every adapter throws when its outside system misbehaves. The message says what happened, with which query, and what to do. */
export class OutsideError extends Error {
  readonly trouble: {
    readonly system: string;
    readonly kind: string;
    readonly retryable: boolean;
    readonly retryAfterMs?: number;
  };

  constructor(message: string, trouble: OutsideError['trouble'], options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'OutsideError';
    this.trouble = trouble;
  }
}
