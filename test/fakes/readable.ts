/** A refusal that a person or a model can read: something is said, on one line, without hidden characters, and not too long. */
export function isReadable(text: string): boolean {
  return text.trim() !== '' && text.length < 500 && !/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u.test(text);
}

interface Message {
  readonly content: string | readonly { readonly is_error?: boolean; readonly content?: string }[];
}

/** The refusals in the newest message of a request: results that say why a question or a report was not taken. */
export function listRefusals(request: unknown): readonly string[] {
  const last = (request as { readonly messages: readonly Message[] }).messages.at(-1);
  if (!last || typeof last.content === 'string') return [];
  return last.content.flatMap((block) => (block.is_error === true ? [block.content ?? ''] : []));
}
