import type { EvidenceStore } from '../../adapters/evidence-store.ts';
import type { Evidence, EvidenceBody, EvidenceKind, EvidenceOutcome } from '../../domain/evidence/evidence.ts';
import type { Redact } from '../../domain/redaction.ts';
import { toOneLine } from '../../domain/text.ts';
import type { CollectInput } from '../contract.ts';

export interface EvidencePorts {
  readonly store: Pick<EvidenceStore, 'put'>;
  readonly redact: Redact;
}

/** What a source answered. `query` is as asked; a body is stored only with `found`. */
export interface Collected {
  readonly outcome: EvidenceOutcome;
  readonly summary: string;
  readonly query?: string;
  readonly body?: EvidenceBody;
  /** What was left out and why. */
  readonly notes?: readonly string[];
  readonly reason?: string;
}

/**
 * The one way from a source to evidence. A source that throws becomes evidence that says `failed`, with the error's words as the
 * reason, so that it never fails an investigation. Only the evidence store's own trouble is thrown: then Temporal tries again.
 */
export async function recordEvidence(
  { store, redact }: EvidencePorts,
  input: CollectInput,
  asked: { readonly kind: EvidenceKind; readonly source: string; readonly query: string },
  collect: () => Promise<Collected>,
): Promise<Evidence> {
  const collected = await collect().catch((error: unknown): Collected => {
    const reason = error instanceof Error ? error.message : String(error);
    return { outcome: 'failed', summary: `${asked.kind} of ${input.service} could not be read`, reason };
  });
  const clean = (text: string, limit: number) => toOneLine(redact(text), limit);
  const stored = collected.body ? await store.put(JSON.stringify(collected.body)) : undefined;
  const truncated = clean((collected.notes ?? []).join('; '), 1_000);
  return {
    id: input.evidenceId,
    service: input.service,
    kind: asked.kind,
    source: clean(asked.source, 300),
    query: clean(collected.query ?? asked.query, 1_000),
    window: input.window,
    outcome: collected.outcome,
    summary: clean(collected.summary, 400),
    ...(stored ?? {}),
    ...(truncated === '' ? {} : { truncated }),
    ...(collected.reason === undefined ? {} : { reason: clean(collected.reason, 800) }),
  };
}

/** Evidence of a source that nobody configured: nothing was asked, and the way to have it asked next time. */
export function notConfigured(service: string, what: string, remedy: string): Collected {
  return { outcome: 'empty', summary: `no ${what} configured for ${service}`, reason: remedy };
}

/** Runs `task` over items, so many at a time, results in order. */
export async function mapInTurns<T, R>(
  items: readonly T[],
  atOnce: number,
  task: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = [];
  for (let start = 0; start < items.length; start += atOnce) {
    results.push(...(await Promise.all(items.slice(start, start + atOnce).map(task))));
  }
  return results;
}
