import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Container } from 'dockerode';
import { extract, type Extract, type Pack } from 'tar-stream';
import { runExec } from '../docker/exec.ts';
import { splitFrames } from '../docker/output.ts';
import { codeUser, keeperUser } from '../docker/policy.ts';
import { packedAt } from '../docker/sources.ts';
import { openLayer } from '../image-builder/archive.ts';
import { OutsideError } from '../outside-error.ts';
import { createEntryCheck, type CheckedEntry } from './check-entry.ts';
import { endScripts } from './end-scripts.ts';

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

export interface TreeLimits {
  /** Of one file. */
  readonly fileBytes: number;
  /** Of all files together, also of those that are left out. */
  readonly totalBytes: number;
  readonly entries: number;
}

const treeLimits: TreeLimits = { fileBytes: 1_500_000_000, totalBytes: 3_000_000_000, entries: 400_000 };
const fixed = { uid: 0, gid: 0, mtime: packedAt };
const openMs = 120_000;

/**
 * Takes a folder out of a running container as a tar on this machine, entry by entry, after everything that ran there as the
 * code user has been ended. Nothing here reads or follows what it holds: files and folders get fixed modes, owners and times; a
 * link stays when it leads to a place inside; anything else is left out and told.
 */
export async function takeTree(container: Container, order: TakeOrder): Promise<TakenTree> {
  await endScripts(container, order.signal);
  await makeReadable(container, order);
  const exec = await container.exec({
    // Sorted where tar can, so that equal trees give equal layers.
    Cmd: [
      'sh',
      '-c',
      `case "$(tar --version 2>/dev/null)" in *GNU*) sort=--sort=name ;; *) sort= ;; esac; ` +
        `exec tar $sort -c -C ${order.from} -f - . 2>/dev/null`,
    ],
    // Not the user of the scripts: what they left behind could trace its own processes only.
    User: keeperUser,
    WorkingDir: '/',
    AttachStdout: true,
    AttachStderr: true,
  });
  const stream = await exec.start({ hijack: true, stdin: false });
  const stop = () => stream.destroy(order.signal.reason as Error);
  order.signal.addEventListener('abort', stop, { once: true });
  try {
    const parser = extract();
    const [taken] = await Promise.all([writeTree(parser, order), feed(stream, parser)]);
    const { ExitCode } = await exec.inspect();
    if (ExitCode !== 0) throw refuse(`\`tar\` ended with ${ExitCode ?? 'no exit code'}`);
    return taken;
  } finally {
    order.signal.removeEventListener('abort', stop);
    stream.destroy();
  }
}

/** By the owner of the files, whom nothing can disturb any more: packages hold files that only he may read. */
async function makeReadable(container: Container, { from, signal }: TakeOrder): Promise<void> {
  const { end, output } = await runExec(container, {
    command: ['sh', '-c', `test -d ${from} && test ! -L ${from} && chmod -R u+rwX,a+rX ${from}`],
    user: codeUser,
    folder: '/',
    outputBytes: 2_000,
    timeoutMs: openMs,
    signal,
  });
  signal.throwIfAborted();
  if (end.kind === 'exited' && end.exitCode === 0) return;
  throw refuse(`they could not be made readable (${output.toString().trim() || end.kind})`);
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

/** Writes the entries of an archive that nobody vouches for as a layer, every path below `folder`. */
export async function writeTree(
  parser: Extract,
  { folder, file }: Pick<TakeOrder, 'folder' | 'file'>,
  limits: TreeLimits = treeLimits,
): Promise<TakenTree> {
  const layer = openLayer(file);
  const { target } = layer;
  layer.written.catch((error: unknown) => parser.destroy(error as Error));
  try {
    const { entries, left } = await copyEntries(parser, { target, root: folder.slice(1), limits });
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
  readonly limits: TreeLimits;
}

async function copyEntries(parser: Extract, { target, root, limits }: CopyOrder) {
  const parts = root.split('/');
  for (const count of parts.keys()) {
    target.entry({ ...fixed, name: `${parts.slice(0, count + 1).join('/')}/`, type: 'directory', mode: 0o755 });
  }
  const check = createEntryCheck();
  const left: string[] = [];
  let seen = 0;
  let entries = 0;
  let bytes = 0;
  for await (const entry of parser) {
    const { name, type, size = 0 } = entry.header;
    // Before a byte is read: a file without content may claim any size.
    if (size > limits.fileBytes)
      throw refuse(`${JSON.stringify(name)} is larger than ${inMegabytes(limits.fileBytes)} MB`);
    if ((bytes += size) > limits.totalBytes)
      throw refuse(`they are larger than ${inMegabytes(limits.totalBytes)} MB together`);
    if ((seen += 1) > limits.entries) throw refuse(`there are more than ${limits.entries}`);
    const checked = check(entry.header);
    if (checked) {
      entries += 1;
      await addEntry(target, { root, checked }, entry);
    } else {
      if (name !== './' && name !== '.') left.push(JSON.stringify(`${type ?? 'entry'} ${name}`));
      entry.resume();
    }
  }
  return { entries, left };
}

interface AddOrder {
  readonly root: string;
  readonly checked: CheckedEntry;
}

type TarEntry = Extract extends AsyncIterable<infer Entry> ? Entry : never;

/** Content goes through piece by piece; none of it is kept in memory. */
async function addEntry(target: Pack, { root, checked }: AddOrder, body: TarEntry): Promise<void> {
  const name = `${root}/${checked.path}`;
  if (checked.type !== 'file') {
    body.resume();
    if (checked.type === 'directory') target.entry({ ...fixed, name: `${name}/`, type: 'directory', mode: 0o755 });
    else target.entry({ ...fixed, name, type: 'symlink', mode: 0o777, linkname: checked.target });
    return;
  }
  const header = { ...fixed, name, mode: checked.isExecutable ? 0o755 : 0o644, size: checked.bytes };
  await new Promise<void>((resolve, reject) => {
    const sink = target.entry(header, (error) => (error ? reject(error) : resolve()));
    pipeline(body, sink).catch(reject);
  });
}

function inMegabytes(bytes: number): number {
  return Math.round(bytes / 1e6);
}

function refuse(why: string): OutsideError {
  return new OutsideError(`The installed files could not be taken out of the sandbox: ${why}.`, {
    system: 'Sandbox',
    kind: 'DependenciesFailed',
    retryable: false,
  });
}
