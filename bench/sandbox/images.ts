import { mkdtemp, rm } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type Docker from 'dockerode';
import { writeLayer } from '../../src/adapters/image-builder/archive.ts';
import { workFolder } from '../../src/domain/reproduction/frames.ts';
import { addLibraries, addPath, findPrograms, type FileSet } from '../../src/adapters/image-builder/file-set.ts';

export interface BenchImage {
  readonly name: string;
  readonly id: string;
  /** The least that shows the image at work. */
  readonly command: readonly string[];
}

const repo = 'resident-bench/tiny';

/** A few megabytes: a shell, tar, cat, sleep and true of this machine, in the place of busybox, which not every machine has. */
export async function makeTinyImage(docker: Docker): Promise<BenchImage> {
  const programs = await findPrograms(['sh', 'tar', 'cat', 'sleep', 'true']);
  const files: FileSet = new Map();
  for (const program of ['/bin/sh', ...programs]) await addPath(files, program);
  await addLibraries(files, programs);
  files.set('/tmp', { kind: 'folder', mode: 0o1777, user: 0 });
  files.set(workFolder, { kind: 'folder', mode: 0o755, user: 65533 });
  const folder = await mkdtemp(path.join(tmpdir(), 'resident-tiny-'));
  try {
    const layer = await writeLayer(files, path.join(folder, 'layer.tar'));
    await text(await docker.importImage(layer.file, { repo, tag: 'latest', changes: 'ENV PATH=/usr/bin:/bin' }));
    const { Id } = await docker.getImage(repo).inspect();
    return { name: `a tiny image (${Math.round(layer.bytes / 1e6)} MB)`, id: Id, command: ['true'] };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export async function removeTinyImage(docker: Docker): Promise<void> {
  await docker.getImage(repo).remove({ force: true });
}
