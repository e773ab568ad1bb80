import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { cacheFolder, childEnvironment } from '../../src/config.ts';
import { ensureProgram } from '../../src/setup/ensure-program.ts';
import { freePort } from '../../src/setup/free-port.ts';
import type { ProgramName } from '../../src/setup/programs.ts';
import { startAlertmanager, startPrometheus } from '../../src/setup/servers.ts';
import { pythonServices } from './python-history.ts';
import type { PythonFleet } from './python-fleet.ts';

export interface PythonMonitoring {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/** A program that is there already; tests fetch nothing. */
export async function findReady(name: ProgramName) {
  const env = { ...childEnvironment(), PROMETHEUS_URL: undefined, ALERTMANAGER_URL: undefined };
  const found = await ensureProgram(name, { env, cacheFolder: cacheFolder(), mayFetch: false });
  return found.status === 'ready' ? found : undefined;
}

const alert = 'BookingsFail';
const ratio =
  'sum by (app) (rate(app_requests_total{app="booking",status=~"5.."}[10s])) / sum by (app) (rate(app_requests_total{app="booking"}[10s]))';

/** Starts Prometheus and Alertmanager for the fleet, or gives undefined where one of them is absent. */
export async function startPythonMonitoring(
  fleet: PythonFleet,
  webhook: { readonly url: string; readonly passwordFile: string },
): Promise<PythonMonitoring | undefined> {
  const [prometheus, alertmanager] = [await findReady('prometheus'), await findReady('alertmanager')];
  if (!prometheus?.path || !alertmanager?.path) return undefined;
  const folder = path.join(fleet.folder, 'monitoring');
  mkdirSync(folder);
  const write = (name: string, content: unknown): string => {
    const file = path.join(folder, name);
    writeFileSync(file, JSON.stringify(content)); // JSON is YAML.
    return file;
  };
  const [port, alertPort] = [await freePort(), await freePort()];
  const receiver = {
    name: 'resident',
    webhook_configs: [
      {
        url: webhook.url,
        send_resolved: true,
        http_config: { basic_auth: { username: 'alertmanager', password_file: webhook.passwordFile } },
      },
    ],
  };
  const routes = write('alertmanager.yml', {
    route: { receiver: 'resident', group_by: ['app'], group_wait: '1s', group_interval: '2s', repeat_interval: '1m' },
    receivers: [receiver],
  });
  const summary = 'Bookings fail';
  const rule = {
    alert,
    expr: `${ratio} > 0.25`,
    for: '3s',
    labels: { severity: 'critical' },
    annotations: { summary },
  };
  const rules = write('rules.yml', { groups: [{ name: 'rooms', interval: '1s', rules: [rule] }] });
  const config = write('prometheus.yml', {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: [rules],
    alerting: { alertmanagers: [{ static_configs: [{ targets: [`127.0.0.1:${alertPort}`] }] }] },
    scrape_configs: [
      {
        job_name: 'rooms',
        static_configs: [{ targets: pythonServices.map((name) => `127.0.0.1:${fleet.ports[name]}`) }],
      },
    ],
  });
  const place = (name: string) => ({
    env: childEnvironment(),
    dataDir: path.join(folder, name),
    logFile: path.join(folder, `${name}.log`),
  });
  const alerts = await startAlertmanager({
    ...place('alertmanager'),
    command: alertmanager.path,
    configFile: routes,
    port: alertPort,
  });
  const metrics = await startPrometheus({ ...place('prometheus'), command: prometheus.path, configFile: config, port });
  const stop = async (): Promise<void> => void (await Promise.all([metrics.stop(), alerts.stop()]));
  return { url: metrics.url, stop };
}

/** What Alertmanager would send; for a machine that has none. */
export async function sendPythonAlert(url: string, password: string): Promise<number> {
  const labels = { alertname: alert, app: 'booking', severity: 'critical' };
  const one = {
    status: 'firing',
    labels,
    annotations: { summary: 'Bookings fail' },
    startsAt: new Date().toISOString(),
  };
  const authorization = `Basic ${Buffer.from(`alertmanager:${password}`).toString('base64')}`;
  const body = JSON.stringify({ version: '4', status: 'firing', alerts: [one] });
  return (await fetch(url, { method: 'POST', headers: { authorization }, body })).status;
}
