import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { EvidenceWithBody } from '../../domain/diagnosis/engine.ts';
import { bundleVersion, type Bundle } from '../../domain/evidence/bundle.ts';
import type { EvidenceBody } from '../../domain/evidence/evidence.ts';
import { alertsFile, manifestFile, nameFile } from './layout.ts';
import type { IndexEntry } from './manifest.ts';

/** Lines are written in batches, so that no file has to be held as one text. */
const batchLines = 5_000;

/**
 * Writes a bundle directory (docs/bundle.md), which {@link readBundle} reads as the same bundle. Files that lie there already are
 * overwritten or left.
 * @returns the files, below the folder
 */
export async function writeBundle(folder: string, { window, incidentFrom, input }: Bundle): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true });
  const files: string[] = [];
  const index: IndexEntry[] = [];
  const counts = new Map<string, number>();
  for (const item of input.evidence) {
    const { body } = item;
    if (!body) {
      index.push(asEntry(item, incidentFrom));
      continue;
    }
    const key = `${body.kind}/${body.service}`;
    const n = (counts.get(key) ?? 0) + 1;
    counts.set(key, n);
    const file = nameFile(body.kind, body.service, n);
    await writeLines(path.join(folder, file), listRecords(body));
    files.push(file);
    index.push(asEntry(item, incidentFrom, file));
  }
  if (input.alerts.length > 0) {
    await writeLines(path.join(folder, alertsFile), input.alerts);
    files.push(alertsFile);
  }
  const { service, dependencies, findings, guidance, rejected } = input;
  const manifest = {
    bundle: bundleVersion,
    service,
    window,
    incidentFrom,
    dependencies,
    evidence: index,
    findings,
    guidance,
    rejected,
  };
  await writeFile(path.join(folder, manifestFile), `${JSON.stringify(manifest, null, 2)}\n`);
  return [manifestFile, ...files];
}

function asEntry({ evidence, body }: EvidenceWithBody, incidentFrom: string, file?: string): IndexEntry {
  const own = body && 'incidentFrom' in body && body.incidentFrom !== incidentFrom ? body.incidentFrom : undefined;
  return {
    ...evidence,
    ...(file === undefined ? {} : { file }),
    ...(own === undefined ? {} : { incidentFrom: own }),
  };
}

function listRecords(body: EvidenceBody): readonly object[] {
  switch (body.kind) {
    case 'logs':
      return body.lines;
    case 'metrics':
      return body.series;
    case 'traces':
      return body.spans;
    case 'changes':
      return body.changes;
    case 'deploys':
      return body.deploys;
    case 'flags':
      return body.flags;
    case 'events':
      return body.events;
    case 'source':
      return body.excerpts;
    case 'lessons':
      return body.lessons;
  }
}

async function writeLines(file: string, records: readonly object[]): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, '');
  for (let start = 0; start < records.length; start += batchLines) {
    const text = records.slice(start, start + batchLines).map((record) => `${JSON.stringify(record)}\n`);
    await writeFile(file, text.join(''), { flag: 'a' });
  }
}
