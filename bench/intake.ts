import { median, renderSpread, type Figure } from './figures.ts';
import { sendNotifications, type Load } from './send-notifications.ts';
import { startGateway, startProcess, type BenchProcess, type Stage } from './stage.ts';

export interface IntakeOptions {
  readonly rounds: number;
  /** Alerts of one round. */
  readonly alerts: number;
}

interface IntakeCase {
  readonly name: string;
  readonly incidents: number;
  readonly rounds: Round[];
}

interface Round {
  readonly residentPerSecond: number;
  readonly barePerSecond: number;
  /** Processor time of the gateway and of the bare program, where it can be told. */
  readonly residentCpuMs: number | undefined;
  readonly bareCpuMs: number | undefined;
}

/** As many senders at once as a busy Alertmanager pair has connections. */
const atOnce = 16;

/**
 * Alerts acknowledged per second: through the gateway process over HTTP, and by a program that calls signalWithStart itself.
 * No worker runs for either. Both put the same alerts into histories; the product sends those of one incident that come while
 * a call is under way in one signal, which is part of what is measured. Each round opens incidents of its own, and who goes first changes with every round.
 */
export async function measureIntake(
  stage: Stage,
  options: IntakeOptions,
): Promise<{ figures: Figure[]; raw: unknown }> {
  const cases: IntakeCase[] = [
    { name: 'one incident', incidents: 1, rounds: [] },
    { name: '200 incidents', incidents: 200, rounds: [] },
  ];
  // The first round warms both programs up and is not counted.
  const rounds = Array.from({ length: options.rounds + 1 }, (_unused, index) => index);
  const servicesOf = ({ incidents }: IntakeCase, round: number): string[] =>
    Array.from({ length: incidents }, (_unused, index) => `svc-${incidents}-${round}-${index}`);
  const gateway = await startGateway(
    stage,
    cases.flatMap((each) => rounds.flatMap((round) => servicesOf(each, round))),
  );
  const bare = await startProcess(stage, 'bare-intake', 'bench/bare-intake.ts', [stage.temporal.address]);
  try {
    for (const each of cases) {
      for (const round of rounds) {
        const load: Load = { services: servicesOf(each, round), alerts: options.alerts, atOnce };
        const measured = await timeBoth(round % 2 === 0, {
          resident: () => measure(gateway, load, () => sendNotifications(gateway.address, load)),
          bare: () => measure(bare, load, async () => (await bare.ask<{ tookMs: number }>(load)).tookMs),
        });
        if (round > 0) each.rounds.push(measured);
      }
    }
  } finally {
    await gateway.stop();
    await bare.stop();
  }
  return { figures: cases.map(toFigure), raw: { atOnce, ...options, cases } };
}

interface Measured {
  readonly perSecond: number;
  readonly cpuMs: number | undefined;
}

async function measure(process: BenchProcess, load: Load, run: () => Promise<number>): Promise<Measured> {
  const before = process.cpuMs();
  const perSecond = (load.alerts / (await run())) * 1_000;
  const after = process.cpuMs();
  return { perSecond, cpuMs: before === undefined || after === undefined ? undefined : after - before };
}

interface Both {
  readonly resident: () => Promise<Measured>;
  readonly bare: () => Promise<Measured>;
}

async function timeBoth(residentFirst: boolean, { resident, bare }: Both): Promise<Round> {
  const early = residentFirst ? undefined : await bare();
  const ours = await resident();
  const theirs = early ?? (await bare());
  return {
    residentPerSecond: ours.perSecond,
    barePerSecond: theirs.perSecond,
    residentCpuMs: ours.cpuMs,
    bareCpuMs: theirs.cpuMs,
  };
}

function toFigure({ name, rounds }: IntakeCase): Figure {
  const ratios = rounds.map((round) => round.residentPerSecond / round.barePerSecond);
  const rate = (values: readonly number[]): string => `${median(values).toFixed(0)}/s`;
  return {
    name: `intake, ${name}`,
    measured: rate(rounds.map((round) => round.residentPerSecond)),
    bare: rate(rounds.map((round) => round.barePerSecond)),
    value: median(ratios),
    spread: renderSpread(ratios),
    target: { atLeast: 0.9 },
  };
}
