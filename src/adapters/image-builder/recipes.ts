import { execFile } from 'node:child_process';
import { realpath } from 'node:fs/promises';
import { execPath, version } from 'node:process';
import path from 'node:path';
import { promisify } from 'node:util';
import { OutsideError } from '../outside-error.ts';
import { addFolders, addLibraries, addPath, addTree, findPrograms, type FileSet } from './file-set.ts';

/** One language's runtime as this machine has it. */
export interface Runtime {
  readonly version: string;
  /** Files that change when the runtime does: what tells quickly whether the engine's image is still the right one. */
  readonly witnesses: readonly string[];
  /** Folders to put first on the PATH. */
  readonly pathFolders: readonly string[];
  fill(files: FileSet): Promise<void>;
}

/** Languages that can be built from this machine alone. To add one, add a row. */
export const recipes: Readonly<Record<string, () => Promise<Runtime>>> = { node: findNode, python: findPython };

/** What set-up and test commands usually call; those that this machine lacks are left out. */
const tools = [
  ...[
    'sh',
    'bash',
    'env',
    'tar',
    'gzip',
    'cat',
    'sleep',
    'kill',
    'ls',
    'cp',
    'mv',
    'rm',
    'mkdir',
    'rmdir',
    'ln',
    'chmod',
  ],
  ...[
    'touch',
    'mktemp',
    'grep',
    'sed',
    'awk',
    'head',
    'tail',
    'cut',
    'sort',
    'uniq',
    'wc',
    'tr',
    'tee',
    'find',
    'xargs',
  ],
  ...[
    'test',
    '[',
    'true',
    'false',
    'echo',
    'printf',
    'seq',
    'date',
    'pwd',
    'dirname',
    'basename',
    'readlink',
    'realpath',
  ],
  ...['id', 'uname', 'nproc', 'diff', 'cmp', 'expr', 'timeout', 'sha256sum', 'stat', 'du', 'od', 'which', 'ps'],
];
const neededTools = ['sh', 'tar', 'cat', 'sleep'];

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
  const sandboxUsers = ['sandbox:x:65533:65533::/tmp:/bin/sh', 'keeper:x:65534:65534::/tmp:/bin/sh'];
  files.set('/etc/passwd', { kind: 'text', text: ['root:x:0:0::/:/bin/sh', ...sandboxUsers, ''].join('\n') });
  files.set('/etc/group', { kind: 'text', text: 'root:x:0:\nsandbox:x:65533:\nkeeper:x:65534:\n' });
  for (const folder of ['/etc', '/proc', '/sys', '/dev']) addFolders(files, folder);
  // Mount points need their final modes in the image: runc 1.1 ignores a tmpfs mode where the folder exists.
  files.set('/tmp', { kind: 'folder', mode: 0o1777, user: 0 });
  files.set('/work', { kind: 'folder', mode: 0o755, user: 65533 });
}

/** The Node that runs Resident, with npm where it is installed beside it. */
async function findNode(): Promise<Runtime> {
  return {
    version,
    witnesses: [execPath],
    pathFolders: [path.dirname(execPath)],
    async fill(files) {
      await addPath(files, execPath);
      await addLibraries(files, [execPath]);
      for (const name of ['npm', 'npx']) {
        const program = path.join(path.dirname(execPath), name);
        const script = await realpath(program).catch(() => undefined);
        if (!script?.endsWith('.js')) continue;
        // The script is <package>/bin/npm-cli.js.
        await addTree(files, path.dirname(path.dirname(script)), (file) => /^(docs|man)(\/|$)/.test(file));
        await addPath(files, program);
      }
    },
  };
}

const describePython = `
import json, os, sys, sysconfig
program = getattr(sys, '_base_executable', None) or sys.executable
stdlib = sysconfig.get_path('stdlib', vars={'installed_base': sys.base_prefix, 'base': sys.base_prefix})
dynload = [p for p in sys.path if p.endswith('lib-dynload')]
print(json.dumps({'program': os.path.realpath(program), 'stdlib': stdlib, 'dynload': dynload, 'version': sys.version.split()[0]}))
`;

interface PythonFacts {
  readonly program: string;
  readonly stdlib: string;
  readonly dynload: readonly string[];
  readonly version: string;
}

const unneededInPython =
  /(^|\/)(test|tests|idle_test|idlelib|turtledemo|tkinter|ensurepip|lib2to3|site-packages|dist-packages|config-[^/]*)(\/|$)|\.opt-[12]\.pyc$|\.a$/;

/** This machine's `python3` with its standard library, compiled files included; no installed packages. */
async function findPython(): Promise<Runtime> {
  const { program, stdlib, dynload, version: pythonVersion } = await describeHostPython();
  return {
    version: pythonVersion,
    witnesses: [program, stdlib, ...dynload],
    pathFolders: [],
    async fill(files) {
      await addPath(files, program);
      for (const folder of new Set([stdlib, ...dynload])) {
        await addTree(files, folder, (file) => unneededInPython.test(file));
      }
      const extensions = [...files.keys()].filter((file) => /lib-dynload\/[^/]+\.so$/.test(file));
      await addLibraries(files, [program, ...extensions]);
      addFolders(files, '/usr/local/bin');
      for (const name of ['python', 'python3']) {
        files.set(`/usr/local/bin/${name}`, { kind: 'link', target: program });
      }
    },
  };
}

async function describeHostPython(): Promise<PythonFacts> {
  try {
    const { stdout } = await promisify(execFile)('python3', ['-I', '-c', describePython]);
    return JSON.parse(stdout) as PythonFacts;
  } catch (error) {
    throw cannotBuild(`\`python3\` does not run here (${error instanceof Error ? error.message.split('\n')[0] : ''})`);
  }
}

export function cannotBuild(why: string): OutsideError {
  return new OutsideError(
    `The sandbox image cannot be built from this machine because ${why}. ` +
      'Install it, or name an image that the Docker engine already holds in `sandbox.image`.',
    { system: 'Sandbox', kind: 'ImageNotBuilt', retryable: false },
  );
}
