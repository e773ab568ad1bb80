import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import type { ResidentSettings } from '../domain/settings.ts';
import { addCatalogs } from './catalog.ts';
import { checkReferences, type FoundFault } from './check-references.ts';
import {
  ConfigError,
  createLocate,
  explainIssues,
  explainYaml,
  isDuplicateKey,
  renderPath,
  type ConfigFault,
  type Locate,
} from './faults.ts';
import { normalise, type OutsideAddresses } from './normalise.ts';
import { listNotes } from './notes.ts';
import { residentFileSchema } from './schema.ts';
import { checkSecrets, type ResolveSecret } from './secrets.ts';

export interface LoadOptions {
  readonly outside: OutsideAddresses;
  /** Given, every secret that the file names is looked up, and one that is missing is a fault. */
  readonly resolveSecret?: ResolveSecret;
}

/** A file as far as it can be read, with everything that is wrong with it. */
export interface ExaminedFile {
  /** As people are shown it: relative where it lies below the present folder. */
  readonly file: string;
  readonly folder: string;
  /** As people wrote it; undefined when it is not YAML. */
  readonly raw: unknown;
  /** In the order of the file. */
  readonly faults: readonly ConfigFault[];
  /** What is allowed and probably not meant. */
  readonly notes: readonly ConfigFault[];
  /** Absent when there are faults. */
  readonly settings?: ResidentSettings;
  /** Gives a fault or note its place in this file. */
  readonly place: (found: FoundFault) => ConfigFault;
}

/**
 * Reads resident.yaml.
 * @throws ConfigError with every fault at once.
 */
export function loadFile(file: string, options: LoadOptions): ResidentSettings {
  const { settings, faults } = examineFile(file, options);
  if (!settings) throw new ConfigError(faults);
  return settings;
}

/**
 * Reads resident.yaml and tells what is wrong with it; a fault in one place does not hide those in another.
 * @throws ConfigError when there is no such file.
 */
export function examineFile(file: string, options: LoadOptions): ExaminedFile {
  const absolute = path.resolve(file);
  const folder = path.dirname(absolute);
  const shown = path.relative('.', absolute).startsWith('..') ? absolute : path.relative('.', absolute);
  const bytes = readBytes(absolute, shown);
  const counter = new LineCounter();
  const document = parseDocument(bytes.toString('utf8'), { lineCounter: counter, prettyErrors: false });
  const locate = createLocate(document, counter);
  const base = { file: shown, folder, place: (found: FoundFault) => place(found, shown, locate) };
  const yaml = explainYaml(document, counter, shown);
  if (!document.errors.every(isDuplicateKey)) return { ...base, raw: undefined, faults: yaml, notes: [] };
  const raw: unknown = document.toJS();
  const parsed = residentFileSchema.safeParse(raw, { reportInput: true });
  const catalog = parsed.success ? addCatalogs(parsed.data, folder) : undefined;
  const found = [
    ...checkReferences(raw),
    ...(options.resolveSecret ? checkSecrets(raw, folder, options.resolveSecret) : []),
    ...(catalog?.faults ?? []),
  ];
  const issues = parsed.success ? [] : explainIssues(parsed.error.issues, shown, locate);
  const faults = sortByPlace([...yaml, ...issues, ...found.map(base.place)]);
  const notes = sortByPlace(listNotes(raw).map(base.place));
  if (!catalog || faults.length > 0) return { ...base, raw, faults, notes };
  const digest = createHash('sha256').update(bytes).digest('hex');
  return { ...base, raw, faults, notes, settings: normalise(catalog.file, absolute, digest, options.outside) };
}

export function sortByPlace(faults: readonly ConfigFault[]): readonly ConfigFault[] {
  return [...faults].sort((a, b) => a.line - b.line || a.column - b.column);
}

function place(found: FoundFault, file: string, locate: Locate): ConfigFault {
  return { file, ...locate(found.path, 'key'), path: renderPath(found.path), message: found.message };
}

function readBytes(absolute: string, shown: string): Buffer {
  try {
    return readFileSync(absolute);
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'does not exist' : (error as Error).message;
    const message = `${why}; write one (docs/example/resident.yaml is a start) or name another with --config FILE`;
    throw new ConfigError([{ file: shown, line: 1, column: 1, path: '', message }]);
  }
}
