import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createImageBuilder } from '../src/adapters/image-builder/builder.ts';
import { programFor } from '../src/cli/program.ts';
import { readRunFile, type RunFile } from '../src/cli/run-file.ts';
import { cacheFolder, childEnvironment } from '../src/config.ts';
import { ensureProgram, type Ensured } from '../src/setup/ensure-program.ts';
import { freePort } from '../src/setup/free-port.ts';
import { renderDuration, renderStep } from '../src/setup/progress.ts';
import type { ProgramName } from '../src/setup/programs.ts';
import { startDocker } from '../src/setup/servers.ts';
import { waitUntil } from '../src/setup/wait-until.ts';
import { startFakeModel, type FakeModel } from './fake-model.ts';
import { startFallbackAlert } from './fallback-alert.ts';
import { lessonsFolder } from './folder.ts';
import { createShopHistory, type ShopHistory } from './history/create-shop-history.ts';
import { startMonitoring } from './monitoring.ts';
import type { DemoOptions } from './options.ts';
import { writeResidentConfig } from './resident-config.ts';
import { startShop, stopShop, type Shop } from './run-shop.ts';

/** Everything that runs for the demo, and how it is ended. */
export interface Stage {
  readonly shop: Shop;
  readonly history: ShopHistory;
  readonly configFile: string;
  readonly model?: FakeModel;
  /** What `resident up` runs at the moment. */
  readonly run: () => RunFile;
  /** What the demo has to do without, in words. */
  readonly lacking: readonly string[];
}

export interface Closing {
  /** Registers what must be ended; the newest is ended first. */
  add(end: () => unknown): void;
}

const upLimitMs = 120_000;
/** So that the demo shows the crash and not the waiting: the product's own default is ten seconds. */
const heartbeatSeconds = 3;

/** Sets everything up, newest parts last; each is registered for ending as soon as it runs. */
export async function setStage(
  options: DemoOptions,
  folder: string,
  closing: Closing,
  say: (text: string) => void,
): Promise<Stage> {
  const lacking: string[] = [];
  const ensure = (name: ProgramName): Promise<Ensured> =>
    ensureProgram(name, {
      // The demo brings its own rules and its own route for alerts, so it runs its own monitoring.
      env: { ...childEnvironment(), PROMETHEUS_URL: undefined, ALERTMANAGER_URL: undefined },
      cacheFolder: cacheFolder(),
      mayFetch: options.mayInstall,
      onStep: (step) => say(renderStep(step)),
    });
  const temporal = await ensure('temporal');
  if (temporal.status === 'missing') throw new Error(`No Temporal server: ${temporal.reason}. ${temporal.remedy}`);
  say(`✓ Temporal ${temporal.version}`);
  const dockerHost = await openDocker(options, ensure, closing, say, lacking);

  const history = createShopHistory({ folder, now: new Date(), variant: options.variant });
  closing.add(() => stopShop(folder));
  const shop = await startShop({ folder, repos: history.repos });
  say(`✓ shop: ${Object.keys(history.repos).join(', ')}, each with its own Git repository`);

  const listen = `127.0.0.1:${await freePort()}`;
  const webhookTokenFile = writeToken(folder, 'alertmanager.token');
  const approverTokenFile = writeToken(folder, 'ana.token');
  const webhook = { url: `http://${listen}/webhooks/alertmanager`, tokenFile: webhookTokenFile };
  const prometheusUrl = await openMonitoring(options, ensure, { shop, webhook, closing, say, lacking });
  const model = options.crash
    ? await startFakeModel({ ledgerFile: path.join(folder, 'model-ledger.jsonl') })
    : undefined;
  if (model) {
    closing.add(() => model.stop());
    say('✓ fake model: counts what it is asked, and stands in for Claude in this run');
  }
  const configFile = writeResidentConfig(shop, {
    listen,
    webhookTokenFile,
    approverTokenFile,
    lessonsRepository: lessonsFolder,
    ...(prometheusUrl === undefined ? {} : { prometheusUrl }),
    ...(model ? { modelUrl: model.url, heartbeatSeconds } : {}),
  });
  const stateFolder = path.join(folder, '.resident');
  await openResident(configFile, folder, { dockerHost, usesModel: model !== undefined }, closing, say);
  const run = (): RunFile => {
    const file = readRunFile(stateFolder);
    if (!file) throw new Error(`\`resident up\` is gone; its log: ${path.join(folder, 'up.log')}`);
    return file;
  };
  return { shop, history, configFile, run, lacking, ...(model ? { model } : {}) };
}

function writeToken(folder: string, name: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, randomBytes(24).toString('hex'), { mode: 0o600 });
  return file;
}

async function openDocker(
  options: DemoOptions,
  ensure: (name: ProgramName) => Promise<Ensured>,
  closing: Closing,
  say: (text: string) => void,
  lacking: string[],
): Promise<string | undefined> {
  const lack = (why: string): undefined => {
    lacking.push(`No Docker engine (${why}): nothing could be reproduced, and the plan is marked "not reproduced".`);
    say(`✗ Docker engine: ${why}`);
  };
  if (options.without.includes('docker')) return lack('left out with --without docker');
  const found = await ensure('docker');
  if (found.status === 'missing') return lack(found.reason);
  try {
    const startedAt = Date.now();
    const host = found.address ?? (await startOwnDocker(found.path ?? '', closing));
    const image = await createImageBuilder({ address: { dockerHost: host } }).ensureImage('node');
    say(
      `✓ Docker engine ${found.version}, sandbox image ${image.tag} (${image.source}) … ${renderDuration(Date.now() - startedAt)}`,
    );
    return host;
  } catch (error) {
    return lack(error instanceof Error ? error.message : String(error));
  }
}

async function startOwnDocker(command: string, closing: Closing): Promise<string> {
  const engine = await startDocker({ command, env: childEnvironment(), dataRoot: path.join(cacheFolder(), 'docker') });
  closing.add(() => engine.stop());
  return engine.address;
}

interface MonitoringParts {
  readonly shop: Shop;
  readonly webhook: { readonly url: string; readonly tokenFile: string };
  readonly closing: Closing;
  readonly say: (text: string) => void;
  readonly lacking: string[];
}

async function openMonitoring(
  options: DemoOptions,
  ensure: (name: ProgramName) => Promise<Ensured>,
  { shop, webhook, closing, say, lacking }: MonitoringParts,
): Promise<string | undefined> {
  const isWanted = !options.without.includes('monitoring');
  const prometheus = isWanted ? await ensure('prometheus') : undefined;
  const alertmanager = isWanted ? await ensure('alertmanager') : undefined;
  if (prometheus?.status === 'ready' && alertmanager?.status === 'ready' && prometheus.path && alertmanager.path) {
    const monitoring = await startMonitoring(shop, {
      prometheusBinary: prometheus.path,
      alertmanagerBinary: alertmanager.path,
      webhook,
    });
    closing.add(() => monitoring.stop());
    say(`✓ Prometheus ${prometheus.version} and Alertmanager ${alertmanager.version}`);
    return monitoring.prometheusUrl;
  }
  lacking.push(
    'No Prometheus and Alertmanager: no metrics could be read, the demo sent the alert itself, and recovery could not be watched.',
  );
  const fallback = startFallbackAlert({
    shop,
    webhook: { url: webhook.url, token: readFileSync(webhook.tokenFile, 'utf8') },
    say,
  });
  closing.add(() => fallback.stop());
  return undefined;
}

/** Starts `resident up` as a user would, and waits until its gateway listens. */
async function openResident(
  configFile: string,
  folder: string,
  parts: { readonly dockerHost: string | undefined; readonly usesModel: boolean },
  closing: Closing,
  say: (text: string) => void,
): Promise<void> {
  const startedAt = Date.now();
  const up = programFor('src/cli/main.ts', [
    'up',
    '--config',
    configFile,
    ...(parts.dockerHost ? [] : ['--no-docker']),
  ]);
  const log = openSync(path.join(folder, 'up.log'), 'a');
  const child = spawn(up.command, up.args, {
    stdio: ['ignore', log, log],
    // Its own group: Ctrl-C reaches the demo alone, which then ends everything in order.
    detached: true,
    env: childEnvironment({
      ...up.environment,
      ...(parts.dockerHost ? { DOCKER_HOST: parts.dockerHost } : {}),
      ...(parts.usesModel ? { ANTHROPIC_API_KEY: 'no-key-the-model-is-a-fake' } : {}),
    }),
  });
  closeSync(log);
  closing.add(() => endChild(child));
  const isUp = (): boolean => readRunFile(path.join(folder, '.resident'))?.gateway !== undefined;
  const started = await waitUntil(() => isUp() || child.exitCode !== null, { limitMs: upLimitMs });
  if (!started || child.exitCode !== null) {
    throw new Error(`\`resident up\` did not come up; its log: ${path.join(folder, 'up.log')}`);
  }
  say(`✓ resident up: Temporal server, worker, gateway … ${renderDuration(Date.now() - startedAt)}`);
}

async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  if (!(await waitUntil(hasEnded, { limitMs: 20_000 }))) child.kill('SIGKILL');
}
