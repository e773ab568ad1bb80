import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { extract, pack, type Header } from 'tar-stream';
import { OutsideError } from '../outside-error.ts';

/** One service's source, checked and packed to be unpacked in the sandbox's work folder. */
export interface PackedSource {
  readonly service: string;
  /** SHA-256 (hex) over paths, modes and contents: the same for two commits with the same tree. */
  readonly treeDigest: string;
  /** Tar entries without the end-of-archive blocks, so that several can be joined. */
  readonly entries: Buffer;
  /** What it takes up once unpacked, in whole pages as tmpfs counts. */
  readonly unpackedBytes: number;
  /** Files, folders and links. */
  readonly files: number;
}

/** The work folder has room for 65,536 inodes; what the commands write needs some too. */
export const maxEntries = 60_000;
const pageBytes = 4096;
export const endOfArchive = Buffer.alloc(1024);
/** A constant, so that equal trees pack to equal bytes; not 0, of which GNU tar complains, and not before 1980, as ZIP archives need. */
export const packedAt = new Date('2000-01-01T00:00:00Z');

/**
 * Reads a plain tar of a source tree and packs it again under `<service>/`. Regular files, folders and symbolic links
 * pass; devices, FIFOs, hard links and set-id bits do not exist in a source tree and are refused or dropped.
 * Throws `Sandbox.BadSource` for a name or entry that has no place in one.
 */
export async function packSource(service: string, tar: Buffer): Promise<PackedSource> {
  if (!/^[A-Za-z0-9][\w.-]*$/.test(service)) {
    throw badSource(`The service name ${JSON.stringify(service)} cannot be a folder name.`);
  }
  assertPlain(service, tar);
  const digest = createHash('sha256');
  const target = pack();
  const packed = buffer(target);
  let unpackedBytes = pageBytes;
  let count = 0;
  target.entry({ name: `${service}/`, type: 'directory', mode: 0o755, mtime: packedAt });
  for await (const entry of Readable.from([tar]).pipe(extract())) {
    const header = cleanHeader(service, entry.header);
    const body = await buffer(entry);
    if (!header) continue;
    if ((count += 1) > maxEntries) throw badSource(`The source of ${service} has more than ${maxEntries} files.`);
    digest.update(`${header.type}\0${header.name}\0${header.mode}\0${header.linkname ?? ''}\0${body.length}\0`);
    digest.update(body);
    unpackedBytes += Math.ceil(body.length / pageBytes) * pageBytes;
    target.entry({ ...header, size: body.length, mtime: packedAt }, body);
  }
  target.finalize();
  const entries = withoutEnd(await packed);
  return {
    service,
    treeDigest: digest.digest('hex'),
    entries,
    unpackedBytes,
    files: count + 1,
  };
}

/** The entries of a tar, to be joined with those of others. */
export function withoutEnd(tar: Buffer): Buffer {
  return tar.subarray(0, -endOfArchive.length);
}

/** One plain tar (never compressed: nothing on the way may have to unpack it) of all services, side by side. */
export function joinSources(sources: readonly Pick<PackedSource, 'entries'>[]): Buffer {
  return Buffer.concat([...sources.map(({ entries }) => entries), endOfArchive]);
}

/** What begins a compressed stream (gzip, bzip2, xz, zstd): a megabyte of it can unpack to a thousand. */
const compressedStarts = ['1f8b', '425a68', 'fd377a585a00', '28b52ffd'].map((hex) => Buffer.from(hex, 'hex'));

function assertPlain(service: string, tar: Buffer): void {
  const isCompressed = compressedStarts.some((start) => tar.subarray(0, start.length).equals(start));
  if (isCompressed) throw badSource(`The source of ${service} is compressed; it must be a plain tar.`);
}

type CleanHeader = Pick<Header, 'name'> & {
  readonly type: 'file' | 'directory' | 'symlink';
  readonly mode: number;
  readonly linkname?: string;
};

function cleanHeader(service: string, { name, type, mode, linkname }: Header): CleanHeader | undefined {
  const path = name.replace(/^(\.\/)+/, '').replace(/\/+$/, '');
  if (path === '' || path === '.') return undefined;
  if (path.startsWith('/') || path.split('/').includes('..')) {
    throw badSource(`The source of ${service} names ${JSON.stringify(name)}, which is outside its folder.`);
  }
  const inside = `${service}/${path}`;
  if (type === 'directory') return { name: `${inside}/`, type, mode: 0o755 };
  if (type === 'symlink') return { name: inside, type, mode: 0o777, linkname: linkname };
  if (type === 'file' || type === 'contiguous-file') {
    return { name: inside, type: 'file', mode: mode & 0o100 ? 0o755 : 0o644 };
  }
  throw badSource(`The source of ${service} holds ${JSON.stringify(name)}, a ${type} entry.`);
}

function badSource(message: string): OutsideError {
  return new OutsideError(`${message} Only plain files, folders and symbolic links go into the sandbox.`, {
    system: 'Sandbox',
    kind: 'BadSource',
    retryable: false,
  });
}
