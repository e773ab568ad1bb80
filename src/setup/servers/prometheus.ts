import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { answersHttp } from '../probe.ts';
import { startServer, type StartedServer } from '../process.ts';

export interface MonitoringOptions {
  readonly command: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly configFile: string;
  readonly dataDir: string;
  readonly logFile: string;
  readonly port: number;
}

export interface HttpServer extends StartedServer {
  readonly url: string;
}

/** Starts Prometheus on loopback; `POST /-/reload` re-reads its configuration. */
export async function startPrometheus(options: MonitoringOptions): Promise<HttpServer> {
  return start('Prometheus', options, (dataDir, listen) => [
    `--config.file=${options.configFile}`,
    `--storage.tsdb.path=${dataDir}`,
    `--web.listen-address=${listen}`,
    '--web.enable-lifecycle',
    '--log.level=warn',
  ]);
}

/** Starts one Alertmanager on loopback, without a cluster. */
export async function startAlertmanager(options: MonitoringOptions): Promise<HttpServer> {
  return start('Alertmanager', options, (dataDir, listen) => [
    `--config.file=${options.configFile}`,
    `--storage.path=${dataDir}`,
    `--web.listen-address=${listen}`,
    '--cluster.listen-address=',
    '--log.level=warn',
  ]);
}

async function start(
  title: string,
  options: MonitoringOptions,
  args: (dataDir: string, listen: string) => readonly string[],
): Promise<HttpServer> {
  const dataDir = path.resolve(options.dataDir);
  await mkdir(dataDir, { recursive: true });
  const listen = `127.0.0.1:${options.port}`;
  const url = `http://${listen}`;
  const server = await startServer({
    title,
    command: options.command,
    args: args(dataDir, listen),
    env: options.env,
    logFile: options.logFile,
    pidFile: `${dataDir}.pid.json`,
    mark: dataDir,
    isReady: () => answersHttp(`${url}/-/ready`, 1_000),
  });
  return { ...server, url };
}
