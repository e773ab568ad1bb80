import path from 'node:path';
import type { Duplex } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { Container } from 'dockerode';
import type Docker from 'dockerode';
import { extract, type Extract, type Header, type Pack } from 'tar-stream';
import { splitFrames } from '../docker/output.ts';
import { codeUser } from '../docker/policy.ts';
import { openLayer } from '../image-builder/archive.ts';
import { OutsideError } from '../outside-error.ts';

export interface TakenTree {
  readonly bytes: number;
  readonly entries: number;
  /** SHA-256 (hex) of the tar: the layer's name in an image. */
  readonly diffId: string;
  readonly notes: readonly string[];
}

export interface TakeOrder {
  /** Folder of the container that is read. */
  readonly from: string;
  /** Folder of the image that it becomes. */
  readonly folder: string;
  readonly file: string;
  readonly signal: AbortSignal;
}

const maxBytes = 3_000_000_000;
const maxEntries = 400_000;
/** After 1980, which is where the times of ZIP archives begin. */
const packedAt = new Date('2000-01-01T00:00:00Z');
const fixed = { uid: 0, gid: 0, mtime: packedAt };

/**
 * Takes a folder out of a running container as a tar on this machine, entry by entry. Nothing here reads or follows what it
 * holds: files and folders get fixed modes, owners and times; a link stays when it leads to a place inside; anything else is
 * left out and told.
 */
export async function takeTree(docker: Docker, container: Container, order: TakeOrder): Promise<TakenTree> {
  const exec = await container.exec({
    // Sorted where tar can, so that equal trees give equal layers.
    Cmd: [
      'sh',
      '-c',
      `tar --sort=name -c -C ${order.from} -f - . 2>/dev/null || tar -c -C ${order.from} -f - . 2>/dev/null`,
    ],
    User: codeUser,
    AttachStdout: true,
    AttachStderr: true,
  });
  const stream = await exec.start({ hijack: true, stdin: false });
  const stop = () => stream.destroy(order.signal.reason as Error);
  order.signal.addEventListener('abort', stop, { once: true });
  try {
    const parser = extract();
    const [taken] = await Promise.all([rewrite(parser, order), feed(stream, parser)]);
    const { ExitCode } = await exec.inspect();
    if (ExitCode !== 0) throw refuse(`\`tar\` ended with ${ExitCode ?? 'no exit code'}`);
    return taken;
  } finally {
    order.signal.removeEventListener('abort', stop);
    stream.destroy();
  }
}

async function feed(stream: Duplex, parser: Extract): Promise<void> {
  let parts: Buffer[] = [];
  const take = splitFrames((bytes) => parts.push(bytes));
  try {
    for await (const chunk of stream) {
      take(chunk as Buffer);
      for (const part of parts) {
        if (!parser.write(part)) await new Promise<void>((resolve) => parser.once('drain', resolve));
      }
      parts = [];
    }
    parser.end(undefined);
  } catch (error) {
    parser.destroy(error as Error);
    throw error;
  }
}

async function rewrite(parser: Extract, { folder, file }: TakeOrder): Promise<TakenTree> {
  const layer = openLayer(file);
  const { target, bytes: bytesSoFar } = layer;
  layer.written.catch((error: unknown) => parser.destroy(error as Error));
  try {
    const { entries, left } = await copyEntries(parser, { target, root: folder.slice(1), bytesSoFar });
    const { bytes, diffId } = await layer.finish();
    const shown = left.slice(0, 3).join(', ');
    const notes =
      left.length === 0 ? [] : [`left out: ${left.length} entries that lead outside or are no files (${shown})`];
    return { bytes, entries, diffId, notes };
  } catch (error) {
    target.destroy();
    throw error;
  }
}

interface CopyOrder {
  readonly target: Pack;
  readonly root: string;
  readonly bytesSoFar: () => number;
}

async function copyEntries(parser: Extract, { target, root, bytesSoFar }: CopyOrder) {
  const parts = root.split('/');
  for (const count of parts.keys()) {
    target.entry({ ...fixed, name: `${parts.slice(0, count + 1).join('/')}/`, type: 'directory', mode: 0o755 });
  }
  let entries = 0;
  const left: string[] = [];
  for await (const entry of parser) {
    const body = await buffer(entry);
    const header = cleanHeader(entry.header, root);
    if (!header) {
      if (entry.header.name !== './') left.push(JSON.stringify(`${entry.header.type ?? 'entry'} ${entry.header.name}`));
      continue;
    }
    if ((entries += 1) > maxEntries) throw refuse(`it has more than ${maxEntries} files`);
    if (bytesSoFar() > maxBytes) throw refuse(`it is larger than ${maxBytes / 1e9} GB`);
    await addEntry(target, header, body);
  }
  return { entries, left };
}

type CleanHeader = typeof fixed &
  Pick<Header, 'name'> & { type: 'file' | 'directory' | 'symlink'; mode: number; linkname?: string };

function cleanHeader({ name, type, mode = 0, linkname }: Header, root: string): CleanHeader | undefined {
  const inside = name.replace(/^(\.\/)+/, '').replace(/\/+$/, '');
  if (inside === '' || inside === '.' || inside.startsWith('/') || inside.split('/').includes('..')) return undefined;
  const at = `${root}/${inside}`;
  if (type === 'directory') return { ...fixed, name: `${at}/`, type, mode: 0o755 };
  if (type === 'file' || type === 'contiguous-file')
    return { ...fixed, name: at, type: 'file', mode: mode & 0o100 ? 0o755 : 0o644 };
  if (type !== 'symlink' || !linkname || linkname.startsWith('/')) return undefined;
  const leads = path.posix.join(path.posix.dirname(inside), linkname);
  return leads === '..' || leads.startsWith('../') ? undefined : { ...fixed, name: at, type, mode: 0o777, linkname };
}

async function addEntry(target: Pack, header: CleanHeader, body: Buffer): Promise<void> {
  if (header.type !== 'file') {
    target.entry(header);
    return;
  }
  await new Promise<void>((resolve, reject) => {
    target.entry({ ...header, size: body.length }, (error) => (error ? reject(error) : resolve())).end(body);
  });
}

function refuse(why: string): OutsideError {
  return new OutsideError(`The installed files could not be taken out of the sandbox: ${why}.`, {
    system: 'Sandbox',
    kind: 'DependenciesFailed',
    retryable: false,
  });
}
