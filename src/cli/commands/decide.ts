import { userInfo } from 'node:os';
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { toIncidentId, type IncidentClient } from '../../client/incident-client.ts';
import type { DecisionAnswer } from '../../client/decisions.ts';
import { StateUnavailable } from '../../client/read.ts';
import type { Plan } from '../../domain/plan/plan.ts';
import { countOf } from '../../domain/text.ts';
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
    .action(async (incident: string, options: DecideOptions, command: Command) => {
      if (options.reason?.trim() === '')
        throw new CommandEnd(exitCodes.usage, 'A rejection needs a reason: --reason "…".');
      await withContext(options, async ({ incidents }) => {
        const incidentId = toIncidentId(incident);
        const isNameGuessed = command.getOptionValueSource('by') === 'default';
        const planDigest = await choosePlan(incidents, incidentId, decision, { ...options, isNameGuessed });
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
  options: DecideOptions & { readonly isNameGuessed: boolean },
): Promise<string> {
  const given = options.plan?.trim().toLowerCase();
  if (given !== undefined && !/^[0-9a-f]{12,64}$/.test(given)) {
    throw new CommandEnd(exitCodes.usage, '--plan takes the digest of a plan, or at least its first 12 digits.');
  }
  const state = await incidents.getState(incidentId).catch((error: unknown) => {
    // With no worker to ask, a decision about a whole digest can still be left as a signal.
    if (given?.length === 64 && error instanceof StateUnavailable && error.reason === 'no-worker') return undefined;
    throw error;
  });
  const plan = state?.awaitingApproval ? state.plan : undefined;
  if (plan) introduce(plan, options);
  // The incident itself judges a whole digest, and keeps a refusal in its timeline.
  if (given?.length === 64) return given;
  if (!plan) throw new CommandEnd(exitCodes.refused, `No plan of ${incidentId} awaits a decision.`);
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

/** Says as whom it decides and who may. A name that nobody gave, taken from the system, is not worth a refusal in the timeline. */
function introduce(plan: Plan, { by, isNameGuessed, json }: DecideOptions & { readonly isNameGuessed: boolean }): void {
  const people = plan.approvers.join(', ') || 'nobody is configured';
  if (isNameGuessed && !plan.approvers.includes(by)) {
    throw new CommandEnd(
      exitCodes.refused,
      `Refused: you are ${by} here, by your system's user name, who may not decide for ${plan.target}. People who may: ${people}. Say who you are with --by NAME.`,
    );
  }
  if (!json)
    say(
      `Deciding as ${by}. May decide for ${plan.target}: ${people}; ${countOf(plan.approvalsNeeded, 'approval')} needed.`,
    );
}

function end(answer: DecisionAnswer, decision: string, options: DecideOptions): void {
  switch (answer.status) {
    case 'accepted':
      if (!options.json) say(tellAccepted(answer, decision, options.by));
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

function tellAccepted(answer: { readonly alreadyDecided?: true }, decision: string, by: string): string {
  const done = decision === 'approve' ? 'approved' : 'rejected';
  return answer.alreadyDecided
    ? `Already ${done} by ${by}.`
    : `${done === 'approved' ? 'Approved' : 'Rejected'} by ${by}.`;
}
