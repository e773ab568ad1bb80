import { isMap, isNode, isPair, isScalar, isSeq, visit } from 'yaml';
import type { Document, LineCounter, Pair, YAMLError } from 'yaml';
import type { core } from 'zod';
import { findNearest, suggest } from '../domain/nearest.ts';
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
  let node: unknown = document.contents;
  let key: unknown;
  for (const part of path) {
    if (isMap(node)) {
      // Of a key that is there twice the last one counts, for the reader as for us.
      const pair: Pair | undefined = node.items.findLast(
        (item) => isScalar(item.key) && String(item.key.value) === part,
      );
      if (!pair) return undefined;
      [key, node] = [pair.key, pair.value];
    } else if (isSeq(node) && typeof part === 'number') {
      [key, node] = [undefined, node.items[part]];
    } else return undefined;
  }
  return on === 'value' ? (startOf(node) ?? startOf(key)) : (startOf(key) ?? startOf(node));
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

/** Whether the rest of the file can be read in spite of it. */
export function isDuplicateKey(error: YAMLError): boolean {
  return error.code === 'DUPLICATE_KEY';
}

/** Turns what YAML itself finds into faults: what it cannot read, and keys that are there twice. */
export function explainYaml(document: Document.Parsed, counter: LineCounter, file: string): readonly ConfigFault[] {
  return document.errors.map((error) => {
    const { line, col: column } = counter.linePos(error.pos[0]);
    if (!isDuplicateKey(error)) return { file, line, column, path: '', message: `is not YAML: ${error.message}` };
    const path = findPath(document, error.pos[0]);
    const message = 'is there twice, and the second would hide the first; write it once, or give one another name';
    return { file, line, column, path: renderPath(path), message };
  });
}

/** The path of the key that begins at an offset. */
function findPath(document: Document.Parsed, offset: number): Path {
  let found: Path = [];
  visit(document, {
    Pair: (index, pair, ancestors) => {
      if (!isScalar(pair.key) || pair.key.range?.[0] !== offset) return undefined;
      found = [...ancestors, pair].flatMap((node, depth, nodes): Path => {
        if (isPair(node) && isScalar(node.key)) return [String(node.key.value)];
        const parent = nodes[depth - 1];
        return isSeq(parent) ? [parent.items.indexOf(node)] : [];
      });
      return visit.BREAK;
    },
  });
  return found;
}

/** Turns what the schema found into faults with places. */
export function explainIssues(issues: readonly core.$ZodIssue[], file: string, locate: Locate): readonly ConfigFault[] {
  const misspelt = new Set(
    issues.flatMap((issue) => {
      if (issue.code !== 'unrecognized_keys') return [];
      const path = toPath(issue);
      return issue.keys.map((key) => renderPath([...path, findNearest(key, listKeysAt(path)) ?? key]));
    }),
  );
  return issues.flatMap((issue) => {
    const path = toPath(issue);
    // Whoever corrects the slip of the pen has written what is missing.
    if (issue.input === undefined && misspelt.has(renderPath(path))) return [];
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

function toPath(issue: core.$ZodIssue): Path {
  return issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
}

export function renderPath(path: Path): string {
  return path.map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index ? '.' : ''}${part}`)).join('');
}
