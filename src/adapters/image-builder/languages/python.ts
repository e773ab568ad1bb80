import path from 'node:path';
import {
  addFolders,
  addLibraries,
  addPath,
  addTree,
  exists,
  findPrograms,
  printFacts,
  type FileSet,
} from '../file-set.ts';
import { pickVersion, type FindRuntime } from '../runtime.ts';

const describePython = `
import importlib.util, json, os, sys, sysconfig
program = getattr(sys, '_base_executable', None) or sys.executable
stdlib = sysconfig.get_path('stdlib', vars={'installed_base': sys.base_prefix, 'base': sys.base_prefix})
dynload = [p for p in sys.path if p.endswith('lib-dynload')]
pip = importlib.util.find_spec('pip')
print(json.dumps({'program': os.path.realpath(program), 'stdlib': stdlib, 'dynload': dynload,
  'pip': os.path.dirname(pip.origin) if pip else None, 'version': sys.version.split()[0]}))
`;

interface PythonFacts {
  readonly program: string;
  readonly stdlib: string;
  readonly dynload: readonly string[];
  /** pip's own folder, for preparing dependencies; null where Python has none. */
  readonly pip: string | null;
  readonly version: string;
}

const unneeded =
  /(^|\/)(test|tests|idle_test|idlelib|turtledemo|tkinter|ensurepip|lib2to3|site-packages|dist-packages|config-[^/]*)(\/|$)|\.opt-[12]\.pyc$|\.a$/;

/** Python and the C library read the rules of time zones from here; Node, Java and Go bring their own. */
const timeZones = '/usr/share/zoneinfo';
/** All of them in one text, which changes with each release. */
const zoneRules = `${timeZones}/tzdata.zi`;
/** The same zones again in other forms, and the one that this machine is in. */
const unneededZones = /^(?:posix|right|localtime)(?:\/|$)/;

/** A Python of this machine with its standard library, compiled files included, and pip; no installed packages. */
export const findPython: FindRuntime = async (wanted) => {
  const names =
    wanted === undefined ? ['python3'] : ['python3', `python${wanted}`, `python${wanted.split('.', 2).join('.')}`];
  const found: PythonFacts[] = [];
  for (const program of await findPrograms([...new Set(names)], { all: true })) {
    const facts = await printFacts<PythonFacts>(program, ['-I', '-c', describePython]);
    if (facts) found.push(facts);
  }
  const python = pickVersion('python', found, wanted);
  return {
    version: python.version,
    witnesses: [python.program, python.stdlib, ...python.dynload, ...((await exists(zoneRules)) ? [zoneRules] : [])],
    pathFolders: [],
    recipe: '1',
    fill: (files) => fillPython(files, python),
  };
};

async function fillPython(files: FileSet, { program, stdlib, dynload, pip }: PythonFacts): Promise<void> {
  await addPath(files, program);
  for (const folder of new Set([stdlib, ...dynload])) await addTree(files, folder, (file) => unneeded.test(file));
  // Compiled files of pip come and go with its use, and would make two builds differ.
  if (pip) await addTree(files, pip, (file) => /(^|\/)__pycache__(\/|$)/.test(file));
  if (await exists(timeZones)) await addTree(files, timeZones, (file) => unneededZones.test(file));
  const extensions = [...files.keys()].filter((file) => /lib-dynload\/[^/]+\.so$/.test(file));
  await addLibraries(files, [program, ...extensions]);
  addFolders(files, '/usr/local/bin');
  for (const name of ['python', 'python3', path.basename(program)]) {
    const link = `/usr/local/bin/${name}`;
    if (link !== program) files.set(link, { kind: 'link', target: program });
  }
}
