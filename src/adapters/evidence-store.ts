import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { EvidenceBody } from '../domain/evidence/evidence.ts';
import { OutsideError } from './outside-error.ts';

/** What was stored: the SHA-256 in hex, which is also its address, and the size. */
export interface StoredBody {
  readonly digest: string;
  readonly bytes: number;
}

/** Bodies by reference (DESIGN.md, decision 6). Content-addressed: the same bytes are stored once, and a read proves what it read. */
export interface EvidenceStore {
  put(content: Uint8Array | string): Promise<StoredBody>;
  /** Throws `EvidenceStore.NotFound` or `EvidenceStore.Corrupt`; never returns bytes of another digest. */
  get(digest: string): Promise<Buffer>;
  has(digest: string): Promise<boolean>;
  putBody(body: EvidenceBody): Promise<StoredBody>;
  getBody(digest: string): Promise<EvidenceBody>;
}

/** A body lies at `<folder>/ab/cd/<the other 60 digits>`. */
export function createEvidenceStore({ folder }: { folder: string }): EvidenceStore {
  const temporary = path.join(folder, 'tmp');
  let isSwept = false;

  async function put(content: Uint8Array | string): Promise<StoredBody> {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    const digest = createHash('sha256').update(bytes).digest('hex');
    const file = fileOf(folder, digest);
    if ((await sizeOf(file)) === bytes.length) return { digest, bytes: bytes.length };
    try {
      await mkdir(temporary, { recursive: true });
      if (!isSwept) await sweepTemporary(temporary);
      isSwept = true;
      await mkdir(path.dirname(file), { recursive: true });
      await writeAtomically(path.join(temporary, `${digest}.${randomUUID()}`), file, bytes);
    } catch (error) {
      throw unreachable(folder, error);
    }
    return { digest, bytes: bytes.length };
  }

  async function get(digest: string): Promise<Buffer> {
    const file = fileOf(folder, digest);
    const bytes = await readFile(file).catch((error: unknown) => {
      if (isMissing(error)) {
        throw trouble(
          'NotFound',
          `The evidence store ${folder} has no body ${digest}. Was the folder moved or cleaned?`,
        );
      }
      throw unreachable(folder, error);
    });
    if (createHash('sha256').update(bytes).digest('hex') !== digest) {
      throw trouble(
        'Corrupt',
        `The body ${file} does not have the digest that names it: it was changed. Remove the file.`,
      );
    }
    return bytes;
  }

  return {
    put,
    get,
    has: async (digest) => (await sizeOf(fileOf(folder, digest))) !== undefined,
    putBody: (body) => put(JSON.stringify(body)),
    getBody: async (digest) => JSON.parse((await get(digest)).toString('utf8')) as EvidenceBody,
  };
}

function fileOf(folder: string, digest: string): string {
  if (!/^[0-9a-f]{64}$/.test(digest)) throw trouble('BadDigest', `Not a SHA-256 in hex: ${digest.slice(0, 80)}`);
  return path.join(folder, digest.slice(0, 2), digest.slice(2, 4), digest.slice(4));
}

/** A reader sees the whole body or none, and a power cut after `put` loses nothing: fsync of the file, rename, fsync of the folder. */
async function writeAtomically(temporary: string, file: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(temporary, 'wx');
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
  const parent = await open(path.dirname(file), 'r');
  try {
    await parent.sync();
  } finally {
    await parent.close();
  }
}

/** What a killed process left half written. An hour is far longer than any write. */
async function sweepTemporary(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const file = path.join(folder, name);
    const found = await stat(file).catch(() => undefined);
    if (found && Date.now() - found.mtimeMs > 3_600_000) await rm(file, { force: true });
  }
}

async function sizeOf(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw unreachable(path.dirname(file), error);
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

function trouble(kind: string, message: string): OutsideError {
  return new OutsideError(message, { system: 'EvidenceStore', kind, retryable: false });
}

function unreachable(folder: string, cause: unknown): OutsideError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new OutsideError(
    `The evidence store ${folder} cannot be used: ${why}. Check the disk's space and the folder's permissions.`,
    { system: 'EvidenceStore', kind: 'Unreachable', retryable: true },
    { cause },
  );
}
