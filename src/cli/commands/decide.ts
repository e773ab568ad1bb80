import { userInfo } from 'node:os';
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { toIncidentId, type IncidentClient } from '../../client/incident-client.ts';
import type { DecisionAnswer } from '../../client/decisions.ts';
import { withContext, withJson, type CommonOptions } from '../context.ts';
import { CommandEnd, exitCodes } from '../exit.ts';
import { plain, say, sayJson } from '../output.ts';
import { incidentArgument } from './show.ts';

interface DecideOptions extends CommonOptions {
  readonly by: string;
  readonly plan?: string;
  readonly comment?: string;
  readonly reason?: string;
  readonly yes?: boolean;
  readonly signal?: boolean;
}

export function addApprove(program: Command): void {
  addDecision(program, 'approve')
    .description('approve the plan that waits')
    .option('--comment <text>', 'kept with the approval');
}

export function addReject(program: Command): void {
  addDecision(program, 'reject')
    .description('reject the plan that waits; the reason goes back into the investigation')
    .requiredOption('--reason <text>', 'why, and what to look at instead');
}

function addDecision(program: Command, decision: 'approve' | 'reject'): Command {
  return withJson(program.command(decision))
    .argument(...incidentArgument)
    .option('--by <name>', 'who decides, as named under people', userInfo().username)
    .option('--plan <digest>', "the plan's digest, or its first 12 digits or more")
    .option('-y, --yes', 'do not ask; decides about the plan that waits now')
    .option('--signal', 'leave it as a signal, without waiting for an answer')
    .action(async (incident: string, options: DecideOptions) => {
      if (options.reason?.trim() === '')
        throw new CommandEnd(exitCodes.usage, 'A rejection needs a reason: --reason "…".');
      await withContext(options, async ({ incidents }) => {
        const incidentId = toIncidentId(incident);
        const planDigest = await choosePlan(incidents, incidentId, decision, options);
        const reason = options.reason ?? options.comment;
        const answer = await incidents.decide(
          incidentId,
          { planDigest, decision, by: options.by, ...(reason === undefined ? {} : { reason }) },
          { via: options.signal ? 'signal' : 'update' },
        );
        if (options.json) sayJson({ incidentId, planDigest, by: options.by, decision, ...answer });
        end(answer, decision, options);
      });
    });
}

/** A person decides about what they have read: the digest they give, or the plan that they are shown now. */
async function choosePlan(
  incidents: IncidentClient,
  incidentId: string,
  decision: string,
  options: DecideOptions,
): Promise<string> {
  const given = options.plan?.trim().toLowerCase();
  if (given !== undefined && /^[0-9a-f]{64}$/.test(given)) return given;
  if (given !== undefined && !/^[0-9a-f]{12,63}$/.test(given)) {
    throw new CommandEnd(exitCodes.usage, '--plan takes the digest of a plan, or at least its first 12 digits.');
  }
  const { plan, awaitingApproval } = await incidents.getState(incidentId);
  if (!plan || !awaitingApproval)
    throw new CommandEnd(exitCodes.refused, `No plan of ${incidentId} awaits a decision.`);
  if (given !== undefined) {
    if (plan.digest.startsWith(given)) return plan.digest;
    throw new CommandEnd(exitCodes.refused, `The plan that waits is ${plan.digest}, and not ${given}…. Read it again.`);
  }
  if (options.yes) return plan.digest;
  if (!process.stdin.isTTY) {
    throw new CommandEnd(exitCodes.usage, `Without a terminal say which plan: --plan ${plan.digest}, or --yes.`);
  }
  say(`${plain(plan.text)}\n\nPlan ${plan.digest}`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const reply = await terminal.question(`${decision} this plan as ${options.by}? [y/N] `);
  terminal.close();
  if (/^y(es)?$/i.test(reply.trim())) return plan.digest;
  throw new CommandEnd(exitCodes.failed, 'Nothing was decided.');
}

function end(answer: DecisionAnswer, decision: string, options: DecideOptions): void {
  switch (answer.status) {
    case 'accepted':
      if (!options.json) say(`${decision === 'approve' ? 'Approved' : 'Rejected'} by ${options.by}.`);
      return;
    case 'sent':
      if (!options.json) say(answer.reason);
      return;
    case 'refused':
      throw new CommandEnd(exitCodes.refused, options.json ? '' : `Refused: ${answer.reason}`);
    case 'not-found':
      throw new CommandEnd(exitCodes.failed, options.json ? '' : answer.reason);
  }
}
