import { Client, Connection } from '@temporalio/client';
import { createBenchAlert } from './notifications.ts';
import type { Load } from './send-notifications.ts';

// The bare program of the intake: nothing but the SDK's signalWithStart, at the same concurrency, with the same alerts.
// It gets its load over IPC and answers with the milliseconds until the last call was answered.

const [address = ''] = process.argv.slice(2);
const client = new Client({ connection: await Connection.connect({ address }) });

async function run(load: Load): Promise<number> {
  const calls = Array.from({ length: load.alerts }, (_unused, index) => {
    const service = load.services[index % load.services.length] ?? '';
    return { service, alert: createBenchAlert(service, index) };
  });
  const begun = performance.now();
  let next = 0;
  await Promise.all(
    Array.from({ length: load.atOnce }, async () => {
      for (let call = calls[next++]; call; call = calls[next++]) {
        await client.workflow.signalWithStart('incident', {
          workflowId: `bare/${call.service}`,
          taskQueue: 'bare-intake',
          args: [{ service: call.service }],
          signal: 'alert',
          signalArgs: [[call.alert]],
        });
      }
    }),
  );
  return performance.now() - begun;
}

process.on('message', (load: Load) => {
  void run(load).then((tookMs) => process.send?.({ tookMs }));
});
process.on('disconnect', () => process.exit(0));
process.on('SIGTERM', () => process.exit(0));
process.send?.({ ready: true });
