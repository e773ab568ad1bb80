import type { EvidenceKind } from '../../domain/evidence/evidence.ts';

/** Kinds of evidence that a bundle holds in files, each in a folder of its own. */
export const bodyKinds = [
  'logs',
  'metrics',
  'traces',
  'changes',
  'deploys',
  'flags',
  'events',
  'source',
  'lessons',
] as const satisfies readonly EvidenceKind[];
export type BodyKind = (typeof bodyKinds)[number];

export const manifestFile = 'bundle.json';
export const alertsFile = 'alerts.ndjson';

export function isBodyKind(kind: string): kind is BodyKind {
  return (bodyKinds as readonly string[]).includes(kind);
}

/** `logs/cart.ndjson`, `logs/cart~2.ndjson`; what a file system may not take in a name is written as in a URL. */
export function nameFile(kind: BodyKind, service: string, n: number): string {
  const name = encodeURIComponent(service).replace(/[*~'()!]|^\./g, (char) => `%${char.charCodeAt(0).toString(16)}`);
  return `${kind}/${name}${n === 1 ? '' : `~${n}`}.ndjson`;
}

/** What a file's name tells; undefined for one that holds no records. */
export interface NamedFile {
  readonly kind: BodyKind;
  readonly service: string;
  /** Place among the files of the kind and service, from 1. */
  readonly n: number;
  readonly format: 'ndjson' | 'text';
}

/** Reads `<kind>/<service>[~n].ndjson[.gz]`, and `logs/<service>[~n].log[.gz]` for text as a program wrote it. */
export function readFileName(file: string): NamedFile | undefined {
  const match = /^([a-z]+)\/([^/]+?)(?:~(\d{1,6}))?\.(ndjson|jsonl|log)(?:\.gz)?$/.exec(file);
  const [, kind = '', name = '', n = '1', ending] = match ?? [];
  if (!match || !isBodyKind(kind) || (ending === 'log' && kind !== 'logs')) return undefined;
  return { kind, service: decodeName(name), n: Number(n), format: ending === 'log' ? 'text' : 'ndjson' };
}

function decodeName(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name; // A lone % is no escape; the name is meant as it stands.
  }
}
