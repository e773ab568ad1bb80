import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Client } from '@temporalio/client';
import { connect } from '../src/client/connect.ts';
import { createIncidentClient, type IncidentClient } from '../src/client/incident-client.ts';
import { toIncidentJson, type KillJson, type RepeatedJson } from '../src/client/incident-json.ts';
import { paint, renderTime, say } from '../src/cli/output.ts';
import { renderArgument, renderEntry } from '../src/cli/render.ts';
import { taskQueues } from '../src/domain/names.ts';
import type { IncidentState } from '../src/domain/incident/incident.ts';
import { whenOrphaned } from '../src/setup/orphaned.ts';
import { renderDuration } from '../src/setup/progress.ts';
import { startKiller } from './crash.ts';
import { decide } from './decide.ts';
import { claimFolder } from './folder.ts';
import { startLoad } from './load.ts';
import { readOptions, usage, type DemoOptions } from './options.ts';
import { deploy, readLedger, stopAcquirer } from './run-shop.ts';
import { tellTemporal } from './temporal-link.ts';
import { setStage, type Closing, type Stage } from './stage.ts';

// The demo: `npm run demo`, or `resident demo`. It drives the product from outside, as its users do.

const alertingService = 'order-service';
const incidentId = `incident/${alertingService}`;
const approver = 'ana';
const alertLimitMs = 120_000;
const outcomeLimitMs = 15 * 60_000;
const sameWishMs = 1_500;

const tell = (text: string): void => say(`${paint('dim', renderTime(new Date().toISOString()).slice(11))}  ${text}`);

async function run(options: DemoOptions, stop: AbortSignal, closing: Closing): Promise<boolean> {
  const folder = await claimFolder(tell);
  say(paint('bold', 'Setting up'));
  const stage = await setStage(options, folder, closing, tell);
  stop.throwIfAborted();
  const temporal = stage.run().temporal;
  if (!temporal) throw new Error('`resident up` did not say where Temporal is.');
  const client = connect({ connectionOptions: { address: temporal.address }, namespace: temporal.namespace });
  closing.add(() => client.connection.close());
  const incidents = createIncidentClient(client, { debounceMs: 0 });
  if (temporal.uiAddress) tell(`Temporal UI: ${temporal.uiAddress}`);
  const services = Object.keys(stage.history.repos);
  const killer = options.crash
    ? startKiller({
        client,
        service: alertingService,
        services,
        run: stage.run,
        say: (text) => tell(paint('red', text)),
      })
    : undefined;
  if (killer) closing.add(() => killer.stop());

  say(paint('bold', '\nThe shop at work'));
  const load = startLoad(stage.shop);
  closing.add(() => load.stop());
  const faults = playFaults(stage, stop);
  closing.add(() => faults.catch(() => {}));
  const alertedAt = await Promise.race([
    waitForIncident(incidents, stop),
    faults.then(() => waitForIncident(incidents, stop)),
  ]);
  say(paint('bold', '\nThe incident'));
  const state = await accompany(client, incidents, options, stop);
  await faults;
  const doneAt = Date.now();
  const history = await incidents.describeHistory(incidentId, state.runId);
  const result = toIncidentJson(state, history, {
    kills: killer?.kills ?? [],
    repeated: countRepeated(stage),
  });
  if (options.json) writeFileSync(options.json, `${JSON.stringify({ ...result, lacking: stage.lacking }, null, 2)}\n`);
  conclude(options, state, stage, {
    history,
    kills: result.kills,
    repeated: result.repeated,
    wallMs: doneAt - alertedAt,
  });
  if (options.json) tell(`JSON: ${path.resolve(options.json)}`);
  if (options.keep) await keepRunning(stage, stop);
  return state.outcome === 'recovered' || isHonestEnd(options, state);
}

/** Deploys of the story, each at its time; for the outage the outside acquirer goes down. */
async function playFaults(stage: Stage, stop: AbortSignal): Promise<void> {
  const { plan, culprit } = stage.history;
  const startedAt = Date.now();
  const until = async (afterMs: number): Promise<boolean> => {
    const left = startedAt + afterMs - Date.now();
    if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
    return !stop.aborted;
  };
  for (const step of plan) {
    if (!(await until(step.afterMs))) return;
    await deploy(stage.shop, step.service, step.revision);
    tell(`deployed ${step.service} ${step.revision.slice(0, 12)}`);
  }
  if (culprit.kind === 'outside' && (await until(culprit.afterMs))) {
    await stopAcquirer(stage.shop);
    tell('the payment acquirer, which is outside the shop, went down');
  }
}

async function waitForIncident(incidents: IncidentClient, stop: AbortSignal): Promise<number> {
  const deadline = Date.now() + alertLimitMs;
  for (;;) {
    stop.throwIfAborted();
    const state = await incidents.getState(incidentId).catch(() => undefined);
    if (state) return Date.parse(state.openedAt);
    if (Date.now() > deadline) throw new Error(`No alert opened an incident within ${alertLimitMs / 1000} s.`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Prints the timeline as it happens and asks for the approval, until the incident has its outcome. */
async function accompany(
  client: Client,
  incidents: IncidentClient,
  options: DemoOptions,
  stop: AbortSignal,
): Promise<IncidentState> {
  const deadline = AbortSignal.timeout(outcomeLimitMs);
  let asked = '';
  for await (const event of incidents.follow(incidentId, { signal: AbortSignal.any([stop, deadline]), pollMs: 200 })) {
    if (event.kind === 'entry') say(renderEntry(event.entry));
    if (event.kind === 'trouble') tell(paint('yellow', event.text));
    if (event.kind === 'back') tell(paint('yellow', 'it answers again'));
    if (event.kind === 'end') return event.state;
    if (event.kind !== 'entry') continue;
    const { plan, timeline } = event.state;
    const isNewest = timeline.at(-1)?.text === event.entry.text;
    if (isNewest && event.state.awaitingApproval && plan && plan.digest !== asked) {
      asked = plan.digest;
      say(`${renderArgument(event.state)}\n`);
      await decide({
        planDigest: plan.digest,
        incidentId,
        approver,
        asks: !options.yes,
        client,
        incidents,
        stop,
        tell,
      });
    }
  }
  stop.throwIfAborted();
  throw new Error(`The incident had no outcome within ${outcomeLimitMs / 60_000} minutes.`);
}

/** Told by witnesses outside: the deploy tool's ledger, and the fake model's count of answers it was asked for again. */
function countRepeated(stage: Stage): RepeatedJson {
  const switched = new Map<string, number>();
  for (const line of readLedger(stage.shop)) {
    if (line.actionId && line.effect !== 'already') switched.set(line.actionId, (switched.get(line.actionId) ?? 0) + 1);
  }
  const answered = (stage.model?.calls() ?? []).map((call) => call.answered);
  const beyondFirst = (counts: readonly number[]): number =>
    counts.reduce((sum, count) => sum + Math.max(0, count - 1), 0);
  return { actions: beyondFirst([...switched.values()]), modelCalls: beyondFirst(answered) };
}

interface Figures {
  readonly history: { readonly events: number; readonly childEvents: number; readonly actions: number };
  readonly kills: readonly KillJson[];
  readonly repeated: RepeatedJson;
  readonly wallMs: number;
}

function conclude(
  options: DemoOptions,
  state: IncidentState,
  stage: Stage,
  { history, kills, repeated, wallMs }: Figures,
): void {
  const { culprit } = stage.history;
  const { diagnosis } = state;
  const wanted = culprit.kind === 'commit' ? culprit.sha : 'none';
  const isRight = diagnosis?.verdict === 'cause' && diagnosis.change === wanted;
  const phases = Object.entries(state.phasesMs).map(([phase, ms]) => `${phase} ${renderDuration(ms)}`);
  say(paint('bold', `\n${state.outcome ?? 'no outcome'}: ${state.outcomeReason ?? ''}`.trimEnd()));
  say(
    `The story's own answer was ${culprit.kind === 'commit' ? `${culprit.service} "${culprit.subject}" ${culprit.sha.slice(0, 12)}` : `no change: ${culprit.name}`}; the diagnosis ${isRight ? 'names it' : 'does not name it'}.`,
  );
  for (const lack of stage.lacking) say(`Lacking: ${lack}`);
  say(`Report:   ${state.report ?? 'none'}`);
  const { temporal } = stage.run();
  const { configFile } = stage;
  const keeps = options.keep;
  for (const line of tellTemporal({ temporal, incidentId, runId: state.runId, configFile, keeps })) say(line);
  say(
    `Time:     ${renderDuration(wallMs)} from alert to report (waiting for the person ${renderDuration(state.phasesMs.approve ?? 0)})`,
  );
  say(`Phases:   ${phases.join(', ')}`);
  say(`History:  ${history.events} events, ${history.childEvents} in children; ${history.actions} Temporal actions`);
  if (kills.length > 0) {
    say(`Killed:   ${kills.map((kill) => `${kill.role} in ${kill.phase}`).join(', ')}`);
    say(`Repeated: ${repeated.actions} actions, ${repeated.modelCalls} paid model calls`);
  }
}

/** Where something is lacking, or nothing of ours is broken, another end than `recovered` is the right one. */
function isHonestEnd(options: DemoOptions, state: IncidentState): boolean {
  return (options.variant === 'outage' || options.without.length > 0) && state.outcome === 'handed-over';
}

async function keepRunning(stage: Stage, stop: AbortSignal): Promise<void> {
  say(`\nEverything keeps running. Task queue of the workflows: ${taskQueues.resident}. Try:`);
  say(`  node bin/resident.js show ${alertingService} --config ${path.relative(process.cwd(), stage.configFile)}`);
  say('Ctrl-C ends it.');
  await new Promise((resolve) => stop.addEventListener('abort', resolve, { once: true }));
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options === 'help') {
    say(usage);
    return 0;
  }
  const ends: (() => unknown)[] = [];
  // A terminal that is gone must not keep us from ending what we started.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  const stop = new AbortController();
  let signalledAt = 0;
  const onSignal = (): void => {
    // A terminal, a time limit or a parent may send the same signal to all of us and then hand it on: that is one wish.
    if (signalledAt > 0 && Date.now() - signalledAt > sameWishMs) process.exit(130);
    if (signalledAt > 0) return;
    signalledAt = Date.now();
    tell('ending what the demo started; once more ends it at once');
    stop.abort(new Error('interrupted'));
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, onSignal);
  whenOrphaned(onSignal);
  try {
    const isGood = await run(options, stop.signal, { add: (end) => ends.push(end) });
    return isGood ? 0 : 1;
  } catch (error) {
    if (stop.signal.aborted) return 130;
    throw error;
  } finally {
    for (const end of ends.reverse())
      await Promise.resolve(end()).catch((error: unknown) => tell(`could not end something: ${String(error)}`));
  }
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(error instanceof Error && /variant|--without|Unknown option|argument/.test(error.message) ? 2 : 1);
  },
);
