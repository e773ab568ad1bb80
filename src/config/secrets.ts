import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { SecretReference } from '../domain/settings.ts';
import type { FoundFault } from './check-references.ts';
import type { Path } from './faults.ts';

/** Gives the secret behind a reference, or throws with what is missing; the message never holds the secret. */
export type ResolveSecret = (reference: SecretReference) => string;

/** Secrets come from the variables handed in, or from files; white space around them is not part of them. */
export function createResolveSecret(variables: Readonly<Record<string, string | undefined>>): ResolveSecret {
  return (reference) => {
    if ('env' in reference) {
      const value = variables[reference.env]?.trim();
      if (value) return value;
      const state = value === undefined ? 'is not set' : 'is empty';
      throw new Error(`the variable ${reference.env} ${state}; export ${reference.env}=… before you start`);
    }
    const value = readSecretFile(reference.file).trim();
    if (value) return value;
    throw new Error(`the file ${reference.file} is empty; write the secret into it`);
  };
}

function readSecretFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const what = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code ?? 'unknown error'})`;
    throw new Error(`the file ${file} ${what}; write the secret into it, readable by this user`, { cause: error });
  }
}

/** Looks for `{ env }` and `{ file }` references where secrets stand, and says which of them lead nowhere. */
export function checkSecrets(raw: unknown, folder: string, resolve: ResolveSecret): readonly FoundFault[] {
  return findReferences(raw, []).flatMap(({ at, reference }) => {
    try {
      resolve('file' in reference ? { file: path.resolve(folder, reference.file) } : reference);
      return [];
    } catch (error) {
      return [{ path: at, message: `cannot be resolved: ${(error as Error).message}` }];
    }
  });
}

const secretKeys = ['bearer', 'password', 'token', 'webhooks'];

interface FoundReference {
  readonly at: Path;
  readonly reference: SecretReference;
}

function findReferences(value: unknown, at: Path): readonly FoundReference[] {
  if (typeof value !== 'object' || value === null) return [];
  const entries: [string | number, unknown][] = Array.isArray(value)
    ? value.map((item, index) => [index, item])
    : Object.entries(value);
  const isSecretPlace = at.slice(-2).some((part) => secretKeys.includes(String(part)));
  const [first] = entries;
  if (isSecretPlace && entries.length === 1 && first && typeof first[1] === 'string') {
    if (first[0] === 'env') return [{ at, reference: { env: first[1] } }];
    if (first[0] === 'file') return [{ at, reference: { file: first[1] } }];
  }
  return entries.flatMap(([key, item]) => findReferences(item, [...at, key]));
}
