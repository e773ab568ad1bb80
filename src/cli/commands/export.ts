import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { Command } from 'commander';
import { createEvidenceStore } from '../../adapters/evidence-store.ts';
import { measureHistories } from '../../client/history.ts';
import { toIncidentId } from '../../client/incident-client.ts';
import { toIncidentJson } from '../../client/incident-json.ts';
import { readLastArgument } from '../../client/last-argument.ts';
import { withContext, withJson } from '../context.ts';
import { exportBundle } from '../export-bundle.ts';
import { note, say, sayJson } from '../output.ts';
import { incidentArgument, type RunOptions } from './show.ts';

export function addExport(program: Command): void {
  withJson(program.command('export'))
    .description(
      'write an incident to a folder: histories that replay, the case, and its evidence as a bundle to analyse',
    )
    .argument(...incidentArgument)
    .option('--run <id>', 'an earlier run (default: the latest)')
    .option('-o, --output <folder>', 'where to (default: ./<service>-<run>)')
    .action(async (incident: string, options: RunOptions & { readonly output?: string }) => {
      await withContext(options, async ({ incidents, settings }) => {
        const incidentId = toIncidentId(incident);
        const state = await incidents.getState(incidentId, options.run);
        const histories = await incidents.fetchHistories(incidentId, state.runId);
        const folder = path.resolve(options.output ?? `${state.service}-${state.runId.slice(0, 8)}`);
        const files: Record<string, unknown> = {
          'incident.json': toIncidentJson(state, measureHistories(histories)),
          'state.json': state,
          'evidence.json': state.evidence,
        };
        for (const { workflowId, runId, history } of histories) {
          const name = `${workflowId.replace(/[^\w.-]+/g, '_')}-${runId.slice(0, 8)}`;
          files[`history-${name}.json`] = JSON.parse(JSON.stringify(historyToJSON(history)));
        }
        await mkdir(folder, { recursive: true });
        for (const [name, content] of Object.entries(files)) {
          await writeFile(path.join(folder, name), `${JSON.stringify(content, null, 2)}\n`);
        }
        const argument = histories[0] && readLastArgument(histories[0]);
        const store = createEvidenceStore({
          folder: path.resolve(settings?.stateFolder ?? '.resident', 'evidence'),
        });
        const bundle = argument ? await exportBundle(folder, argument, store) : { files: [], lost: [] };
        const written = [...Object.keys(files), ...bundle.files];
        if (options.json) return sayJson({ folder, files: written, lost: bundle.lost });
        say(`${folder}: ${written.join(', ')}`);
        if (!argument) note('Without a bundle: nothing was argued in this incident yet.');
        if (bundle.lost.length > 0)
          note(`Bodies that the evidence store no longer gives, and that the bundle lacks: ${bundle.lost.join(', ')}`);
      });
    });
}
