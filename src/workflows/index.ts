export { incident } from './incident.ts';
export { remediation } from './remediation.ts';
export { resident } from './resident.ts';
