import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import type { ResidentSettings } from '../domain/settings.ts';
import { addCatalogs } from './catalog.ts';
import { checkReferences } from './check-references.ts';
import { ConfigError, createLocate, explainIssues, renderPath, type ConfigFault, type Locate } from './faults.ts';
import { normalise, type OutsideAddresses } from './normalise.ts';
import { residentFileSchema } from './schema.ts';
import { checkSecrets, type ResolveSecret } from './secrets.ts';

export interface LoadOptions {
  readonly outside: OutsideAddresses;
  /** Given, every secret that the file names is looked up, and one that is missing is a fault. */
  readonly resolveSecret?: ResolveSecret;
}

/**
 * Reads resident.yaml.
 * @throws ConfigError with every fault at once.
 */
export function loadFile(file: string, options: LoadOptions): ResidentSettings {
  const absolute = path.resolve(file);
  const shown = path.relative('.', absolute).startsWith('..') ? absolute : path.relative('.', absolute);
  const bytes = readBytes(absolute, shown);
  const counter = new LineCounter();
  const document = parseDocument(bytes.toString('utf8'), { lineCounter: counter, prettyErrors: false });
  if (document.errors.length > 0) {
    throw new ConfigError(
      document.errors.map(({ pos, message }) => {
        const { line, col } = counter.linePos(pos[0]);
        return { file: shown, line, column: col, path: '', message: `is not YAML: ${message}` };
      }),
    );
  }
  const raw: unknown = document.toJS();
  const locate = createLocate(document, counter);
  const parsed = residentFileSchema.safeParse(raw, { reportInput: true });
  const issues = parsed.success ? [] : explainIssues(parsed.error.issues, shown, locate);
  const references = [
    ...checkReferences(raw),
    ...(options.resolveSecret ? checkSecrets(raw, path.dirname(absolute), options.resolveSecret) : []),
  ].map((found) => place(found, shown, locate));
  const faults = [...issues, ...references].sort((a, b) => a.line - b.line || a.column - b.column);
  if (!parsed.success || faults.length > 0) throw new ConfigError(faults);
  const catalog = addCatalogs(parsed.data, path.dirname(absolute));
  if (catalog.faults.length > 0) throw new ConfigError(catalog.faults.map((found) => place(found, shown, locate)));
  return normalise(catalog.file, absolute, createHash('sha256').update(bytes).digest('hex'), options.outside);
}

function place(
  found: { readonly path: readonly (string | number)[]; readonly message: string },
  file: string,
  locate: Locate,
): ConfigFault {
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
