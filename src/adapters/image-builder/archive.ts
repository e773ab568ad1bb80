import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { PassThrough, Readable } from 'node:stream';
import { pack, type Pack } from 'tar-stream';
import type { FileSet, ImageEntry } from './file-set.ts';

/** What an image adds its layers to: nothing, or an image that the engine holds. */
export interface ImageBase {
  /** Names of its layers (`sha256:…`), lowest first. */
  readonly diffIds: readonly string[];
}

export interface ImageMeta {
  readonly base?: ImageBase;
  readonly architecture: string;
  readonly env: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

export interface LayerFile {
  readonly file: string;
  readonly bytes: number;
  /** SHA-256 (hex) of the uncompressed tar: the layer's name in the image. */
  readonly diffId: string;
}

/** A layer in the making: entries go into `target`, and are counted and hashed on their way into the file. */
export interface OpenLayer {
  readonly target: Pack;
  /** What has gone through so far. */
  readonly bytes: () => number;
  /** Rejects when the file cannot be written. */
  readonly written: Promise<void>;
  /** Ends the tar and waits until it is in the file. */
  finish(): Promise<LayerFile>;
}

export function openLayer(file: string): OpenLayer {
  const target = pack();
  const hash = createHash('sha256');
  const meter = new PassThrough();
  let bytes = 0;
  meter.on('data', (chunk: Buffer) => {
    hash.update(chunk);
    bytes += chunk.length;
  });
  const written = pipeline(target, meter, createWriteStream(file));
  return {
    target,
    bytes: () => bytes,
    written,
    async finish() {
      target.finalize();
      await written;
      return { file, bytes, diffId: hash.digest('hex') };
    },
  };
}

/** The same files give the same bytes: entries sorted, owners numeric, no time but the sources' own. */
export async function writeLayer(files: FileSet, file: string): Promise<LayerFile> {
  const layer = openLayer(file);
  const sorted = [...files.entries()].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [name, entry] of sorted) await addEntry(layer.target, name.slice(1), entry);
  return layer.finish();
}

async function addEntry(target: Pack, name: string, entry: ImageEntry): Promise<void> {
  const fixed = { uid: 0, gid: 0, mtime: new Date(0) };
  switch (entry.kind) {
    case 'folder':
      target.entry({
        ...fixed,
        name: `${name}/`,
        type: 'directory',
        mode: entry.mode,
        uid: entry.user,
        gid: entry.user,
      });
      return;
    case 'link':
      target.entry({ ...fixed, name, type: 'symlink', mode: 0o777, linkname: entry.target });
      return;
    case 'text':
      target.entry({ ...fixed, name, mode: entry.mode ?? 0o644 }, entry.text);
      return;
    case 'copy': {
      // Python believes a compiled file only when the source has the time that it noted, in whole seconds.
      const mtime = new Date(Math.floor(entry.mtimeMs / 1000) * 1000);
      const body = await readFile(entry.from);
      const header = { ...fixed, mtime, name, mode: entry.mode, size: body.length };
      await new Promise<void>((resolve, reject) => {
        target.entry(header, (error) => (error ? reject(error) : resolve())).end(body);
      });
    }
  }
}

/** The image's configuration; its SHA-256 is the image's id, so nothing in it may change by itself. */
export function makeConfig(layers: readonly LayerFile[], { base, architecture, env, labels }: ImageMeta): string {
  const diffIds = [...(base?.diffIds ?? []), ...layers.map(({ diffId }) => `sha256:${diffId}`)];
  const created = '1970-01-01T00:00:00Z';
  return JSON.stringify({
    architecture,
    os: 'linux',
    created,
    config: { User: '65534:65534', Env: env, Cmd: ['sleep', '60'], WorkingDir: '/', Labels: labels },
    rootfs: { type: 'layers', diff_ids: diffIds },
    history: diffIds.map(() => ({ created, created_by: 'resident' })),
  });
}

/**
 * A `docker load` archive (the format of `docker save`). Layers of the base are named in it and not sent: the engine
 * has them, and looks for a layer by its content before it opens the file.
 */
export function streamArchive(
  layers: readonly LayerFile[],
  config: string,
  { tag, base }: { readonly tag: string; readonly base?: ImageBase },
): Readable {
  const archive = pack();
  const configName = `${createHash('sha256').update(config).digest('hex')}.json`;
  const known = (base?.diffIds ?? []).map((diffId) => diffId.replace('sha256:', ''));
  const names = [...known, ...layers.map(({ diffId }) => diffId)].map((hex) => `${hex}/layer.tar`);
  const manifest = [{ Config: configName, RepoTags: [tag], Layers: names }];
  const mtime = new Date(0);
  archive.entry({ name: configName, mtime }, config);
  archive.entry({ name: 'manifest.json', mtime }, JSON.stringify(manifest));
  sendLayers(archive, layers).catch((error: unknown) => archive.destroy(error as Error));
  return Readable.from(archive, { objectMode: false });
}

async function sendLayers(archive: Pack, layers: readonly LayerFile[]): Promise<void> {
  for (const { diffId, bytes, file } of layers) {
    await new Promise<void>((resolve, reject) => {
      const header = { name: `${diffId}/layer.tar`, mtime: new Date(0), size: bytes };
      const body = archive.entry(header, (error) => (error ? reject(error) : resolve()));
      pipeline(createReadStream(file), body).catch(reject);
    });
  }
  archive.finalize();
}
