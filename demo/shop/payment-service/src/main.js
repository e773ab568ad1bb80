import { run } from './platform/run.js';
import { startService } from './service.js';

await run(startService);
