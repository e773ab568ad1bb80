import path from 'node:path';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { bareActivityNames } from './bare-workflow.ts';

// The worker of the bare workflow, as the SDK's own samples start one.

const [address = ''] = process.argv.slice(2);
Runtime.install({ logger: new DefaultLogger('ERROR') });
const worker = await Worker.create({
  connection: await NativeConnection.connect({ address }),
  taskQueue: 'bare-orchestration',
  workflowsPath: path.join(import.meta.dirname, 'bare-workflow.ts'),
  activities: Object.fromEntries(bareActivityNames.map((name) => [name, async () => undefined])),
});
process.on('disconnect', () => worker.shutdown());
process.send?.({ polling: true });
await worker.run();
process.exit(0);
