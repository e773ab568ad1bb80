import path from 'node:path';
import type { RunFile } from '../src/cli/run-file.ts';

export interface LinkParts {
  readonly temporal: RunFile['temporal'];
  readonly incidentId: string;
  readonly runId: string;
  readonly configFile: string;
  /** True with `--keep`: the server runs on after the demo. */
  readonly keeps: boolean;
}

/** Where the incident can be looked at in the Temporal UI, and how to bring the server back when it ends with the demo. */
export function tellTemporal({ temporal, incidentId, runId, configFile, keeps }: LinkParts): readonly string[] {
  if (!temporal?.uiAddress) return [];
  const run = `${encodeURIComponent(incidentId)}/${runId}/user-metadata`;
  const link = `${temporal.uiAddress}/namespaces/${temporal.namespace}/workflows/${run}`;
  if (keeps) return [`Temporal: ${link}`];
  const config = path.relative(process.cwd(), configFile);
  return [
    'Temporal: the server ends with the demo and keeps its state until the next one. To look at the incident again:',
    `            node bin/resident.js up --no-docker --config ${config}`,
    `            ${link}`,
  ];
}
