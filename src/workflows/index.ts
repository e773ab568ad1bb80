export { incident } from './incident.ts';
export { reapSandboxes } from './reap-sandboxes.ts';
export { remediation } from './remediation.ts';
export { resident } from './resident.ts';
