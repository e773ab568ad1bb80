import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import {
  addLibraries,
  addPath,
  addTree,
  exists,
  findPrograms,
  print,
  printVersion,
  type FileSet,
} from '../file-set.ts';
import { pickVersion, type FindRuntime } from '../runtime.ts';

/** Drivers, binutils and make; those that this machine lacks are left out, but not these: */
const programs = [
  ...[
    'gcc',
    'cc',
    'g++',
    'c++',
    'cpp',
    'make',
    'ar',
    'as',
    'ld',
    'nm',
    'ranlib',
    'strip',
    'objcopy',
    'objdump',
    'gcov',
  ],
];
const needed = ['gcc', 'as', 'ld', 'make'];
/** What glibc and the kernel put into the folder of system headers; other libraries' headers would lack their libraries. */
const systemHeaders =
  /^([^/]+\.h|(arpa|asm|asm-generic|bits|c\+\+|gnu|linux|misc|mtd|net[a-z0-9]*|protocols|rpc|rpcsvc|scsi|sound|sys|[a-z0-9_]+-linux-gnu[a-z0-9]*)(\/.*)?)$/;
/** What the linker takes from outside the compiler's own folder. */
const startFiles = ['crt1.o', 'Scrt1.o', 'gcrt1.o', 'rcrt1.o', 'crti.o', 'crtn.o'];
const systemLibraries = ['c', 'm', 'pthread', 'dl', 'rt', 'util', 'resolv', 'crypt', 'stdc++', 'gcc_s'];
const libraryFiles = systemLibraries.flatMap((name) => [`lib${name}.so`, `lib${name}.a`]);
/** Some of them are texts for the linker that name the real files. */
const linkerScriptBytes = 4096;
/** Compilers of other languages, link-time optimisation, plug-ins and the static sanitizers: 70 MB that tests do not miss. */
const unneededInGcc = /^(lto1|plugin|cc1obj.*|f951|gnat1|d21|go1|g\+\+-mapper-server|lib(a|t|l|ub|hwa)san\.a)(\/|$)/;

/** This machine's gcc, with g++ where it is there, the C library's headers and objects, binutils and make. */
export const findC: FindRuntime = async (wanted) => {
  const found = await findPrograms(programs);
  const [compiler] = found;
  const isWhole = needed.every((name) => found.some((program) => path.basename(program) === name));
  const version = compiler && isWhole ? await printVersion(compiler, ['-dumpfullversion'], /^(\S+)/) : undefined;
  const gcc = pickVersion('c', version && compiler ? [{ compiler, version }] : [], wanted);
  return {
    version: gcc.version,
    witnesses: found,
    pathFolders: [],
    // The compiler's temporary files are small; what it builds goes to the work folder.
    fill: (files) => fillC(files, gcc.compiler, found),
  };
};

async function fillC(files: FileSet, compiler: string, found: readonly string[]): Promise<void> {
  for (const program of found) await addPath(files, program);
  const ask = async (what: string) => (await print(compiler, [what])).trim();
  const own = path.dirname(await ask('-print-libgcc-file-name'));
  await addTree(files, own, (file) => unneededInGcc.test(file));
  const parts = await Promise.all(
    ['cc1', 'cc1plus', 'collect2', 'lto-wrapper'].map((name) => ask(`-print-prog-name=${name}`)),
  );
  const inner = parts.filter((file) => path.isAbsolute(file));
  for (const file of inner) await addPath(files, file);
  for (const name of [...startFiles, ...libraryFiles]) {
    const file = await ask(`-print-file-name=${name}`);
    // gcc gives the bare name back for what it does not find.
    if (path.isAbsolute(file) && (await exists(file))) await addLinked(files, file);
  }
  for (const folder of await listHeaderFolders(compiler)) {
    const isSystem = path.resolve(folder) === '/usr/include';
    await addTree(files, folder, (file) => isSystem && !systemHeaders.test(file));
  }
  const shared = [...files.keys()].filter((file) => file.startsWith(own) && file.endsWith('.so'));
  await addLibraries(files, [...found, ...inner, ...shared]);
}

async function addLinked(files: FileSet, file: string): Promise<void> {
  await addPath(files, file);
  if ((await stat(file)).size > linkerScriptBytes) return;
  const script = await readFile(file, 'latin1');
  if (!script.includes('GROUP')) return;
  for (const [named] of script.matchAll(/\/[^\s()]+\.(?:a|so[.\d]*)(?=[\s)])/g))
    if (await exists(named)) await addPath(files, named);
}

/** The folders that C and C++ programs of this compiler include from. */
async function listHeaderFolders(compiler: string): Promise<readonly string[]> {
  const folders = new Set<string>();
  for (const language of ['c', 'c++']) {
    const said = await print(compiler, ['-E', '-v', '-x', language, '/dev/null']).catch(() => '');
    const list = /search starts here:\n([^#]*?)End of search list/g;
    for (const [, lines = ''] of said.matchAll(list)) {
      for (const line of lines.split('\n')) if (line.startsWith(' ')) folders.add(path.resolve(line.trim()));
    }
  }
  const found: string[] = [];
  for (const folder of folders) if (!folder.startsWith('/usr/local') && (await exists(folder))) found.push(folder);
  return found;
}
