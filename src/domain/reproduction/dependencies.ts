import { toOneLine } from '../text.ts';
import type { ImageLanguage } from './image-name.ts';

/** Text files of a source tree that say what it depends on, by path. */
export type Manifests = Readonly<Record<string, string>>;

export type DependencyLanguage = Exclude<ImageLanguage, 'c'>;

/** What one source tree depends on, by the files that decide it: trees with equal inputs share one prepared layer. */
export interface DependencySet {
  readonly language: DependencyLanguage;
  /** The file that a person would name, for example `package-lock.json`. */
  readonly lockfile: string;
  /** What the preparation is given, by path; nothing else of the source. */
  readonly inputs: Manifests;
}

export type FoundDependencies =
  | { readonly kind: 'none' }
  | ({ readonly kind: 'set' } & DependencySet)
  /** `why` says what to do instead. */
  | { readonly kind: 'unsupported'; readonly lockfile: string; readonly why: string };

/** `sandbox.dependencies`: `auto` looks for the usual lockfiles, `none` prepares nothing, anything else is the path of one. */
export type DependencyChoice = string;

const lockfiles: Readonly<Record<DependencyLanguage, readonly string[]>> = {
  node: ['package-lock.json', 'npm-shrinkwrap.json'],
  python: ['requirements.txt'],
  go: ['go.mod'],
  java: ['pom.xml'],
};
const unsupported: Readonly<Record<DependencyLanguage, readonly string[]>> = {
  node: ['yarn.lock', 'pnpm-lock.yaml', 'bun.lock'],
  python: ['poetry.lock', 'uv.lock', 'Pipfile.lock', 'pdm.lock'],
  go: [],
  java: ['build.gradle', 'build.gradle.kts'],
};
const useAnother = 'Name an image by its digest that has them installed, and write `dependencies: none`.';

/** Whether a file of a source tree is one that this module may want to read. */
export function isManifest(path: string): boolean {
  if (/(^|\/)node_modules\//.test(path)) return false;
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (/^(package|package-lock|npm-shrinkwrap)\.json$|^go\.(mod|sum)$|^pom\.xml$/.test(name)) return true;
  if (
    /^[\w.-]*(requirements|constraints)[\w.-]*\.(txt|in)$/.test(name) ||
    /(^|\/)requirements\/[\w.-]+\.txt$/.test(path)
  )
    return true;
  return Object.values(unsupported).flat().includes(path);
}

/** What a tree depends on, for an image of the language; in an image of no known language only what is chosen by name. */
export function findDependencies(
  manifests: Manifests,
  language: ImageLanguage | undefined,
  choice: DependencyChoice = 'auto',
): FoundDependencies {
  if (choice === 'none') return { kind: 'none' };
  if (choice !== 'auto') {
    const kind = guessLanguage(choice);
    if (kind && manifests[choice] !== undefined) return readSet(kind, choice, manifests);
    return { kind: 'unsupported', lockfile: choice, why: 'The source has no such file, or it is of no known kind.' };
  }
  if (language === undefined || language === 'c') return { kind: 'none' };
  const lockfile = lockfiles[language].find((name) => manifests[name] !== undefined);
  if (lockfile) return readSet(language, lockfile, manifests);
  const other = unsupported[language].find((name) => manifests[name] !== undefined);
  return other
    ? { kind: 'unsupported', lockfile: other, why: `Files of that kind are not read yet. ${useAnother}` }
    : { kind: 'none' };
}

/** An address with a user or password; `git@` names nobody. */
const addressWithUser = /[a-z][a-z\d+.-]*:\/\/(?!git@)[^\s/"'<>@]+@|[a-z][a-z\d+.-]*:\/\/[^\s/"'<>]*:[^\s/"'<>]*@/i;

function readSet(language: DependencyLanguage, lockfile: string, manifests: Manifests): FoundDependencies {
  const found = readInputs(language, lockfile, manifests);
  if (found.kind !== 'set') return found;
  const exposed = Object.entries(found.inputs).find(([, text]) => addressWithUser.test(text));
  if (!exposed) return found;
  const why = `An address in ${exposed[0]} holds a user or a password, which install scripts could read: take it out of there. ${useAnother}`;
  return { kind: 'unsupported', lockfile, why };
}

function readInputs(language: DependencyLanguage, lockfile: string, manifests: Manifests): FoundDependencies {
  switch (language) {
    case 'node':
      return readNode(lockfile, manifests);
    case 'python':
      return readPython(lockfile, manifests);
    case 'go': {
      const sums = manifests[inFolderOf(lockfile, 'go.sum')];
      if (!sums?.trim()) return { kind: 'none' };
      return { kind: 'set', language, lockfile, inputs: { 'go.mod': manifests[lockfile] ?? '', 'go.sum': sums } };
    }
    case 'java': {
      const poms = Object.entries(manifests).filter(([path]) => /(^|\/)pom\.xml$/.test(path));
      return { kind: 'set', language, lockfile, inputs: Object.fromEntries(poms) };
    }
  }
}

function guessLanguage(file: string): DependencyLanguage | undefined {
  if (/(^|\/)(package-lock|npm-shrinkwrap)\.json$/.test(file)) return 'node';
  if (/\.txt$/.test(file)) return 'python';
  if (/(^|\/)go\.mod$/.test(file)) return 'go';
  return /(^|\/)pom\.xml$/.test(file) ? 'java' : undefined;
}

/** What of package.json decides what is installed. Its scripts belong to a source that is not there when it is prepared. */
const decisive = [
  'dependencies',
  'devDependencies',
  'optionalDependencies',
  'peerDependencies',
  'overrides',
  'bundleDependencies',
];

function readNode(lockfile: string, manifests: Manifests): FoundDependencies {
  const manifest = readObject(manifests[inFolderOf(lockfile, 'package.json')]);
  const lock = readObject(manifests[lockfile]);
  if (!manifest || !lock)
    return { kind: 'unsupported', lockfile, why: 'It, or the package.json beside it, is no JSON.' };
  if (manifest['workspaces']) {
    return {
      kind: 'unsupported',
      lockfile,
      why: `Workspaces link into the source, which is not there beforehand. ${useAnother}`,
    };
  }
  const packages = readObject(lock['packages']) ?? readObject(lock['dependencies']) ?? {};
  if (Object.keys(packages).every((name) => name === '')) return { kind: 'none' };
  const [local] = Object.entries(packages).find(([, one]) => readObject(one)?.['link'] === true) ?? [];
  if (local !== undefined) {
    const why = `${toOneLine(local, 100)} is a folder of the source, which is not there beforehand. ${useAnother}`;
    return { kind: 'unsupported', lockfile, why };
  }
  const kept = Object.fromEntries(decisive.filter((key) => key in manifest).map((key) => [key, manifest[key]]));
  const inputs = { 'package.json': JSON.stringify(kept), 'package-lock.json': manifests[lockfile] ?? '' };
  return { kind: 'set', language: 'node', lockfile, inputs };
}

function readPython(lockfile: string, manifests: Manifests): FoundDependencies {
  const inputs: Record<string, string> = {};
  const wanted = [lockfile];
  for (const path of wanted) {
    const text = manifests[path];
    if (text === undefined) {
      return { kind: 'unsupported', lockfile, why: `It takes in ${path}, which the source does not have.` };
    }
    inputs[path] = text;
    for (const [, file = ''] of text.matchAll(/^\s*(?:-r|-c|--requirement|--constraint)[\s=]+(\S+)/gm)) {
      const other = inFolderOf(path, file);
      if (!wanted.includes(other)) wanted.push(other);
    }
  }
  const lines = Object.values(inputs).flatMap((text) =>
    text.split('\n').map((line) => line.replace(/(^|\s)#.*/, '').trim()),
  );
  const local = lines.find((line) => /^(-e|--editable)\b|^\.{0,2}\//.test(line) || line === '.');
  if (local) return { kind: 'unsupported', lockfile, why: `\`${local}\` needs the source itself. ${useAnother}` };
  if (lines.every((line) => line === '' || line.startsWith('-'))) return { kind: 'none' };
  return { kind: 'set', language: 'python', lockfile, inputs };
}

/** A path in the folder of another file, `..` taken out. */
function inFolderOf(file: string, name: string): string {
  const parts: string[] = [];
  for (const part of [...file.split('/').slice(0, -1), ...name.split('/')]) {
    if (part === '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return parts.join('/');
}

function readObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  let read: unknown = value;
  if (typeof value === 'string') {
    try {
      read = JSON.parse(value);
    } catch {
      return undefined;
    }
  }
  return typeof read === 'object' && read !== null && !Array.isArray(read)
    ? (read as Record<string, unknown>)
    : undefined;
}
