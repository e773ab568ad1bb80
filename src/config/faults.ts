import { isMap, isPair, isScalar, type Document, type LineCounter, type Node } from 'yaml';
import type { core } from 'zod';
import { suggest } from './nearest.ts';
import { listKeysAt } from './schema-keys.ts';

/** One thing wrong with a configuration file: where, what, and what to write instead. */
export interface ConfigFault {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Dotted path of the key, empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
}

export type Path = readonly (string | number)[];

/** Finds the place of a path in the file; a key that is missing is placed at what should hold it. */
export type Locate = (path: Path, on?: 'key' | 'value') => { readonly line: number; readonly column: number };

/** All faults of a file at once; `message` is ready to print. */
export class ConfigError extends Error {
  readonly faults: readonly ConfigFault[];
  constructor(faults: readonly ConfigFault[]) {
    super(faults.map(renderFault).join('\n'));
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

/** `resident.yaml:12:5 services.order-service.mode: is the text "auto"; write one of: observe, …` */
export function renderFault(fault: ConfigFault): string {
  const subject = fault.path === '' ? '' : `${fault.path} `;
  return `${fault.file}:${fault.line}:${fault.column} ${subject}${fault.message}`;
}

export function createLocate(document: Document.Parsed, counter: LineCounter): Locate {
  return (path, on = 'value') => {
    for (let length = path.length; length >= 0; length--) {
      const offset = findOffset(document, path.slice(0, length), on);
      if (offset !== undefined) {
        const { line, col } = counter.linePos(offset);
        return { line: Math.max(line, 1), column: Math.max(col, 1) };
      }
    }
    return { line: 1, column: 1 };
  };
}

function findOffset(document: Document.Parsed, path: Path, on: 'key' | 'value'): number | undefined {
  if (path.length === 0) return document.contents?.range?.[0];
  const parent = path.length === 1 ? document.contents : (document.getIn(path.slice(0, -1), true) as Node | undefined);
  const last = path.at(-1);
  if (isMap(parent)) {
    const pair = parent.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === last);
    if (!pair) return undefined;
    const value = pair.value as Node | null;
    const key = pair.key as Node;
    return on === 'value' && value?.range ? value.range[0] : key.range?.[0];
  }
  return (document.getIn([...path], true) as Node | undefined)?.range?.[0];
}

/** Turns what the schema found into faults with places. */
export function explainIssues(issues: readonly core.$ZodIssue[], file: string, locate: Locate): readonly ConfigFault[] {
  return issues.flatMap((issue) => {
    const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
    if (issue.code !== 'unrecognized_keys') {
      return [{ file, ...locate(path), path: renderPath(path), message: issue.message }];
    }
    const known = listKeysAt(path);
    return issue.keys.map((key) => ({
      file,
      ...locate([...path, key], 'key'),
      path: renderPath([...path, key]),
      message: `is not known; ${suggest(key, known)}`,
    }));
  });
}

export function renderPath(path: Path): string {
  return path.map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index ? '.' : ''}${part}`)).join('');
}
