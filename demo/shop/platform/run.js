import { clockFromEnvironment } from './clock.js';

/** Starts a service with the settings of the environment and stops it cleanly on SIGTERM. */
export async function run(startService) {
  const env = process.env;
  const service = await startService({
    env,
    port: Number(env.PORT ?? 0),
    revision: env.REVISION ?? 'unknown',
    logFolder: env.LOG_FOLDER,
    clock: clockFromEnvironment(env),
  });
  const stop = async () => {
    await service.close();
    process.exit(0);
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}
