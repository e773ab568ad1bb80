import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { EvidenceWithBody } from '../../domain/diagnosis/engine.ts';
import type { Bundle } from '../../domain/evidence/bundle.ts';
import type { Evidence } from '../../domain/evidence/evidence.ts';
import type { Alert } from '../../domain/incident/alert.ts';
import { suggest } from '../../domain/nearest.ts';
import { countOf } from '../../domain/text.ts';
import { parseRecord } from './check-record.ts';
import { createFaults, type Faults } from './faults.ts';
import { alertsFile, bodyKinds, isBodyKind, manifestFile, readFileName, type BodyKind } from './layout.ts';
import { manifestSchema, type IndexEntry, type Manifest } from './manifest.ts';
import { readLines } from './read-lines.ts';
import { explainReading, readRecords } from './read-records.ts';
import { alertRecord } from './records.ts';

/**
 * Reads a bundle directory (docs/bundle.md). Files of records are read line by line; log lines are measured and not kept.
 * @throws BundleError with every fault at once.
 */
export async function readBundle(folder: string): Promise<Bundle> {
  const faults = createFaults();
  const manifest = await readManifest(folder, faults);
  // Without the window nothing else can be judged.
  if (!manifest) {
    faults.throwIfAny();
    throw new Error(`${folder} has neither a manifest nor a fault; this is a defect of the reader.`);
  }
  const alerts = await readAlerts(folder, manifest, faults);
  const incidentFrom = findIncidentFrom(manifest, alerts, faults);
  const evidence: EvidenceWithBody[] = [];
  for (const listed of await listEvidence(folder, manifest, faults)) {
    evidence.push(await readEvidence(folder, { incidentFrom, ...listed }, faults));
  }
  faults.throwIfAny();
  const { window, service, dependencies, findings, guidance, rejected } = manifest;
  const lessons = evidence.flatMap(({ body }) => (body?.kind === 'lessons' ? body.lessons : []));
  return {
    window,
    incidentFrom,
    input: { service, alerts, dependencies, evidence, findings, lessons, guidance, rejected },
  };
}

async function readManifest(folder: string, faults: Faults): Promise<Manifest | undefined> {
  const fault = (message: string) => faults.add({ file: manifestFile, message });
  let text: string;
  try {
    text = await readFile(path.join(folder, manifestFile), 'utf8');
  } catch (error) {
    const isFolder = await stat(folder).then(
      (found) => found.isDirectory(),
      () => false,
    );
    if (!isFolder) fault(`cannot be read: ${folder} is no folder; give the folder of a bundle`);
    else if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      fault('is missing; write one with bundle, service and window (docs/bundle.md)');
    else fault(explainReading(error));
    return undefined;
  }
  const manifest = parseRecord(manifestSchema, text, fault);
  if (manifest && Date.parse(manifest.window.from) >= Date.parse(manifest.window.to)) {
    fault('window: ends before it begins; write from and to the other way round');
    return undefined;
  }
  return manifest;
}

/** What the manifest tells, else when the earliest alert of the window began. */
function findIncidentFrom({ window, incidentFrom }: Manifest, alerts: readonly Alert[], faults: Faults): string {
  const isWithin = (at: string) => Date.parse(at) >= Date.parse(window.from) && Date.parse(at) <= Date.parse(window.to);
  const fault = (message: string) => faults.add({ file: manifestFile, message: `incidentFrom: ${message}` });
  if (incidentFrom !== undefined) {
    if (!isWithin(incidentFrom)) fault('lies outside of the window; write when the incident began, or a wider window');
    return incidentFrom;
  }
  const [first] = alerts
    .map(({ startsAt }) => startsAt)
    .filter(isWithin)
    .sort((a, b) => Date.parse(a) - Date.parse(b));
  if (first === undefined) fault('is missing, and no alert began in the window; write when the incident began');
  return first ?? window.to;
}

async function readAlerts(folder: string, manifest: Manifest, faults: Faults): Promise<readonly Alert[]> {
  const files = (await readdir(folder)).filter(isAlertsFile);
  const [file, another] = files;
  if (file === undefined) return [];
  if (another !== undefined)
    faults.add({ file: another, message: `stands beside ${file}; put all alerts into one of them` });
  const alerts: Alert[] = [];
  try {
    for await (const lines of readLines(path.join(folder, file))) {
      for (const { text, number } of lines) {
        const record = parseRecord(alertRecord, text, (message) => faults.add({ file, line: number, message }));
        if (record) {
          const id = `${record.name}-${number}`;
          alerts.push({ id, service: manifest.service, receivedAt: record.startsAt, ...record });
        }
      }
    }
  } catch (error) {
    faults.add({ file, message: explainReading(error) });
  }
  return alerts;
}

/** Evidence to be read: as bundle.json lists it, or only a file that lies there. */
type Listed = IndexEntry & { readonly format?: 'ndjson' | 'text' };

/** What bundle.json lists, then what else lies in the folders, by name. */
async function listEvidence(folder: string, manifest: Manifest, faults: Faults): Promise<readonly Listed[]> {
  const files = await listFiles(folder, faults);
  const indexed = manifest.evidence.map((entry, i): Listed => {
    const format = entry.file === undefined ? undefined : readFileName(entry.file)?.format;
    checkEntry(entry, i, manifest, faults);
    return { ...entry, ...(format === undefined ? {} : { format }) };
  });
  const ids = new Set(indexed.map(({ id }) => id));
  const found = files.flatMap((file): readonly Listed[] => {
    if (indexed.some((entry) => entry.file === file)) return [];
    const named = readFileName(file);
    if (!named) {
      const instead = `name it <service>.ndjson${file.startsWith('logs/') ? ' or <service>.log' : ''}, with .gz where it is packed and %2F for a slash`;
      faults.add({ file, message: `is no file of records; ${instead}` });
      return [];
    }
    const { kind, service, format } = named;
    let n = named.n;
    while (ids.has(`${service}/${kind}/${n}`)) n += 1;
    const id = `${service}/${kind}/${n}`;
    ids.add(id);
    const told = { source: 'bundle', query: file, window: manifest.window, outcome: 'found' as const, summary: '' };
    return [{ id, service, kind, ...told, file, format }];
  });
  return [...indexed, ...found];
}

/** Files of records below the folder, sorted; folders that a bundle does not have are faults, since a wrong name would hide evidence. */
async function listFiles(folder: string, faults: Faults): Promise<readonly string[]> {
  const files: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const { name } = entry;
    if (name.startsWith('.')) continue;
    if (!entry.isDirectory()) {
      if (!isAlertsFile(name) && (holdsRecords(name) || /^alerts?\./.test(name)))
        faults.add({
          file: name,
          message: `is no file of a bundle; write ${alertsFile}, or move it into the folder of its kind: ${bodyKinds.join(', ')}`,
        });
    } else if (isBodyKind(name)) {
      const inside = (await readdir(path.join(folder, name))).filter((below) => !below.startsWith('.'));
      files.push(...inside.map((below) => `${name}/${below}`));
    } else if ((await readdir(path.join(folder, name), { recursive: true })).some(holdsRecords))
      faults.add({ file: `${name}/`, message: `is no folder of a bundle; ${suggest(name, bodyKinds)}` });
  }
  return files.sort();
}

function holdsRecords(name: string): boolean {
  return /\.(ndjson|jsonl|log)(\.gz)?$/.test(name);
}

function isAlertsFile(name: string): boolean {
  return name === alertsFile || name === `${alertsFile}.gz`;
}

function checkEntry(entry: IndexEntry, index: number, manifest: Manifest, faults: Faults): void {
  const fault = (message: string) => faults.add({ file: manifestFile, message: `evidence[${index}]${message}` });
  if (manifest.evidence.findIndex(({ id }) => id === entry.id) !== index)
    fault(`.id: ${entry.id} is there twice; give each its own`);
  if (entry.file === undefined) {
    if (entry.outcome === 'found' && isBodyKind(entry.kind))
      fault(': was found and names no file; name it, or write the outcome `empty` or `failed`');
    return;
  }
  if (path.isAbsolute(entry.file) || path.normalize(entry.file).startsWith('..'))
    fault('.file: lies outside of the bundle; write a path below it');
  if (!isBodyKind(entry.kind)) fault(`.file: evidence of kind ${entry.kind} has no file; leave it out`);
}

async function readEvidence(
  folder: string,
  listed: Listed & { readonly incidentFrom: string },
  faults: Faults,
): Promise<EvidenceWithBody> {
  const { file, format = 'ndjson', incidentFrom, ...evidence } = listed;
  if (file === undefined || !isBodyKind(evidence.kind) || path.normalize(file).startsWith('..')) return { evidence };
  const kind: BodyKind = evidence.kind;
  const head = { service: evidence.service, incidentFrom };
  const read = await readRecords({ folder, file, kind, format, head, evidence }, faults);
  if (!read) return { evidence };
  const { records, body, measured, left, digest, bytes } = read;
  const truncated = [evidence.truncated, left].filter((part) => part !== undefined).join('; ');
  const told: Evidence = {
    ...(evidence.digest === undefined ? { digest, bytes } : {}),
    ...evidence,
    ...(truncated === '' ? {} : { truncated }),
    ...(evidence.summary === '' ? { summary: countOf(records, 'record') } : {}),
    outcome:
      records === 0 && evidence.outcome === 'found' && evidence.digest === undefined ? 'empty' : evidence.outcome,
  };
  return { evidence: told, ...(body ? { body } : {}), ...(measured ? { measured } : {}) };
}
