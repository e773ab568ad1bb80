import { createSandboxRole } from './sandbox.ts';
import { serve } from './serve.ts';

// The worker process that holds the Docker socket, and nothing else: neither model, nor policy, nor workflows are loaded.
// node --import tsx src/workers/sandbox-main.ts --config resident.yaml

serve('sandbox-worker', { sandbox: createSandboxRole });
