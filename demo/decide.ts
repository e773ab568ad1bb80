import { createInterface } from 'node:readline/promises';
import type { Client } from '@temporalio/client';
import type { IncidentClient } from '../src/client/incident-client.ts';

export interface DecideParts {
  readonly planDigest: string;
  readonly incidentId: string;
  readonly approver: string;
  /** False: approve without asking. */
  readonly asks: boolean;
  readonly client: Client;
  readonly incidents: IncidentClient;
  readonly stop: AbortSignal;
  readonly tell: (text: string) => void;
}

const lookEveryMs = 1_000;

/** Decides by a Temporal signal, as from the Temporal UI; on a terminal a person is asked first. */
export async function decide(parts: DecideParts): Promise<void> {
  const { planDigest, incidentId, approver: by, asks, client, tell } = parts;
  const answer = asks ? await ask(parts) : 'approve';
  if (answer === 'decided-elsewhere') {
    tell('Somebody decided elsewhere.');
    return;
  }
  const handle = client.workflow.getHandle(incidentId);
  if (answer === 'approve') await handle.signal('approve', { planDigest, by });
  else await handle.signal('reject', { planDigest, by, reason: answer.reason });
  const how = asks ? `as ${by}` : 'by itself, since nobody is asked (--yes, or no terminal)';
  tell(`The demo ${answer === 'approve' ? 'approved' : 'rejected'} ${how}, through a Temporal signal.`);
}

/** A decision may come by another door, for example the Temporal UI, while the question stands here. */
async function ask(parts: DecideParts): Promise<'approve' | 'decided-elsewhere' | { readonly reason: string }> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const elsewhere = new AbortController();
  const timer = setInterval(() => void lookElsewhere(parts, elsewhere), lookEveryMs);
  const signal = AbortSignal.any([parts.stop, elsewhere.signal]);
  // A closed terminal or Ctrl-C at the question is a wish to end, as it is anywhere else.
  terminal.once('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  try {
    for (;;) {
      const answer = await terminal.question(`Approve this plan as ${parts.approver}? [y/n] `, { signal });
      if (/^y(es)?$/i.test(answer.trim())) return 'approve';
      if (!/^no?$/i.test(answer.trim())) continue;
      const reason = await terminal.question('Rejecting it. The reason goes back into the investigation: ', { signal });
      if (reason.trim() !== '') return { reason };
    }
  } catch (error) {
    if (!elsewhere.signal.aborted) throw error;
    process.stdout.write('\n');
    return 'decided-elsewhere';
  } finally {
    clearInterval(timer);
    terminal.close();
  }
}

async function lookElsewhere(parts: DecideParts, elsewhere: AbortController): Promise<void> {
  // A worker or a server that is away for a moment says nothing about the decision.
  const state = await parts.incidents.getState(parts.incidentId).catch(() => undefined);
  if (state && !(state.awaitingApproval && state.plan?.digest === parts.planDigest)) elsewhere.abort();
}
