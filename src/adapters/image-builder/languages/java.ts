import { readdir, readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import { addFolders, addLibraries, addPath, addTree, exists, findPrograms, type FileSet } from '../file-set.ts';
import { pickVersion, type FindRuntime } from '../runtime.ts';

/** Where distributions and vendors' packages put JDKs side by side. */
const jdkFolders = ['/usr/lib/jvm', '/opt/java', '/usr/java'];
/** Sources, linkable modules, manuals and headers are not needed to compile, test and run. */
const unneededInJdk = /^(jmods|man|legal|demo|sample|include|docs)(\/|$)|(^|\/)src\.zip$|\.debuginfo$/;
/** A screen, a printer and a sound card: their libraries would bring half a desktop. */
const desktop = /\/lib(awt_xawt|splashscreen|jsound|jawt)\.so$/;

interface Jdk {
  readonly home: string;
  readonly version: string;
}

/** A JDK of this machine, the one on the PATH first, with Maven where it is installed: tests of a service are compiled. */
export const findJava: FindRuntime = async (wanted) => {
  const jdk = pickVersion('java', await listJdks(), wanted);
  const [maven] = await findPrograms(['mvn']);
  const { home, version } = jdk;
  return {
    version,
    recipe: '1',
    witnesses: [path.join(home, 'release'), path.join(home, 'lib/modules'), ...(maven ? [maven] : [])],
    pathFolders: [path.join(home, 'bin')],
    env: [`JAVA_HOME=${home}`],
    async fill(files) {
      await addTree(files, home, (file) => unneededInJdk.test(file));
      const native = [...files.keys()].filter(
        (file) => file.startsWith(home) && /(\.so|\/bin\/[^/]+|\/jspawnhelper)$/.test(file) && !desktop.test(file),
      );
      await addLibraries(files, native);
      if (maven) await addMaven(files, maven);
    },
  };
};

async function listJdks(): Promise<readonly Jdk[]> {
  const [compiler] = await findPrograms(['javac']);
  const homes = compiler ? [path.dirname(path.dirname(await realpath(compiler)))] : [];
  for (const folder of jdkFolders) {
    const names = await readdir(folder).catch(() => []);
    for (const name of names.sort()) homes.push(await realpath(path.join(folder, name)));
  }
  const found: Jdk[] = [];
  for (const home of new Set(homes)) {
    const release = await readFile(path.join(home, 'release'), 'utf8').catch(() => '');
    const version = /^JAVA_VERSION="([^"]+)"/m.exec(release)?.[1];
    if (version && (await exists(path.join(home, 'bin/javac')))) found.push({ home, version });
  }
  return found;
}

/** Maven without the machine's own settings.xml, which may hold passwords and mirrors of people. */
async function addMaven(files: FileSet, program: string): Promise<void> {
  const home = path.dirname(path.dirname(await realpath(program)));
  await addPath(files, program);
  await addTree(files, home, (file) => /^man(\/|$)/.test(file));
  const settings = await realpath(path.join(home, 'conf'));
  await addTree(files, settings, (file) => /^(settings|toolchains)\.xml/.test(file));
  addFolders(files, settings);
  // The sandbox has no network, and Maven takes `offline` from no settings but the user's own: so its launcher says it.
  files.set('/etc/mavenrc', { kind: 'text', text: 'set -- --offline "$@"\n' });
}
