import path from 'node:path';
import type { ImageLanguage } from '../../domain/reproduction/image-name.ts';
import { workFolder } from '../../domain/reproduction/frames.ts';
import { addFolders, addLibraries, addPath, exists, findPrograms, type FileSet } from './file-set.ts';
import { findC } from './languages/c.ts';
import { findGo } from './languages/go.ts';
import { findJava } from './languages/java.ts';
import { findNode } from './languages/node.ts';
import { findPython } from './languages/python.ts';
import { cannotBuild, type FindRuntime } from './runtime.ts';

/** Languages whose images can be built from this machine alone. To add one, add a row here and to the image names. */
export const recipes: Readonly<Record<ImageLanguage, FindRuntime>> = {
  node: findNode,
  python: findPython,
  java: findJava,
  c: findC,
  go: findGo,
};

/** What set-up and test commands usually call; those that this machine lacks are left out. */
const tools = (
  'sh bash env tar gzip cat sleep kill ls cp mv rm mkdir rmdir ln chmod touch mktemp grep sed awk head tail cut sort uniq ' +
  'wc tr tee find xargs test [ true false echo printf seq date pwd dirname basename readlink realpath id uname nproc diff ' +
  'cmp expr timeout sha256sum stat du od which ps'
).split(' ');
const neededTools = ['sh', 'tar', 'cat', 'sleep'];
/** What compiled packages may expect of any system (PEP 599, manylinux2014), and Node's native ones do as well. */
const commonLibraries = (
  'libgcc_s.so.1 libstdc++.so.6 libm.so.6 libdl.so.2 librt.so.1 libutil.so.1 libpthread.so.0 libresolv.so.2 libnsl.so.1 ' +
  'libcrypt.so.1 libz.so.1 libatomic.so.1 libgomp.so.1'
).split(' ');

/** The programs of a small system on this machine's PATH. Throws when one that the sandbox needs is missing. */
export async function findTools(): Promise<readonly string[]> {
  const programs = await findPrograms(tools);
  const missing = neededTools.find((tool) => !programs.some((program) => path.basename(program) === tool));
  if (missing) throw cannotBuild(`this machine has no \`${missing}\``);
  return programs;
}

/** The programs with their libraries, users and mount points: nothing is downloaded. */
export async function addBase(files: FileSet, programs: readonly string[]): Promise<void> {
  // `/bin/sh` by that name, for scripts ask for it so; on most systems it brings the link from /bin to /usr/bin.
  for (const program of ['/bin/sh', ...programs]) await addPath(files, program);
  await addLibraries(files, programs);
  await addCommonLibraries(files);
  const sandboxUsers = ['sandbox:x:65533:65533::/tmp:/bin/sh', 'keeper:x:65534:65534::/tmp:/bin/sh'];
  files.set('/etc/passwd', { kind: 'text', text: ['root:x:0:0::/:/bin/sh', ...sandboxUsers, ''].join('\n') });
  files.set('/etc/group', { kind: 'text', text: 'root:x:0:\nsandbox:x:65533:\nkeeper:x:65534:\n' });
  for (const folder of ['/etc', '/proc', '/sys', '/dev']) addFolders(files, folder);
  // Mount points need their final modes in the image: runc 1.1 ignores a tmpfs mode where the folder exists.
  files.set('/tmp', { kind: 'folder', mode: 0o1777, user: 0 });
  files.set(workFolder, { kind: 'folder', mode: 0o755, user: 65533 });
}

/** They lie beside the C library. */
async function addCommonLibraries(files: FileSet): Promise<void> {
  const libc = [...files.keys()].find((file) => file.endsWith('/libc.so.6'));
  if (!libc) return;
  for (const name of commonLibraries) {
    const file = path.join(path.dirname(libc), name);
    if (await exists(file)) await addPath(files, file);
  }
}
