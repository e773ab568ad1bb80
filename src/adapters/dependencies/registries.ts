import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { DependencyLanguage } from '../../domain/reproduction/dependencies.ts';

/** Where packages come from, as this machine's own tools would have it. URLs only: no credential is ever passed on. */
export interface Registries {
  readonly environment: Readonly<Record<string, string>>;
  /** Maven takes mirrors from a file alone. */
  readonly mavenSettings?: string;
  /** What was left out, for people. */
  readonly notes: readonly string[];
}

const askLimitMs = 20_000;

/** Asks npm, pip, Go or Maven's settings of this machine; what is not installed says nothing, and its default holds. */
export async function readRegistries(language: DependencyLanguage): Promise<Registries> {
  switch (language) {
    case 'node':
      return cleanAll({ npm_config_registry: await ask('npm', ['config', 'get', 'registry']) });
    case 'python': {
      const config = await ask('pip', ['config', 'list']);
      const read = (key: string) =>
        [...config.matchAll(new RegExp(`^(?:global|:env:|install)\\.${key}='([^']*)'`, 'gm'))].at(-1)?.[1] ?? '';
      return cleanAll({ PIP_INDEX_URL: read('index-url'), PIP_EXTRA_INDEX_URL: read('extra-index-url') });
    }
    case 'go':
      return cleanAll({ GOPROXY: await ask('go', ['env', 'GOPROXY']), GOSUMDB: await ask('go', ['env', 'GOSUMDB']) });
    case 'java':
      return readMaven();
  }
}

/** Asked from a new folder that nobody else can write to, so that no project's file has a say. */
async function ask(program: string, args: readonly string[]): Promise<string> {
  const cwd = await mkdtemp(path.join(tmpdir(), 'resident-ask-'));
  try {
    return await promisify(execFile)(program, args, { cwd, timeout: askLimitMs }).then(
      ({ stdout }) => stdout.trim(),
      () => '',
    );
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}

function cleanAll(found: Readonly<Record<string, string>>): Registries {
  const notes: string[] = [];
  const entries = Object.entries(found).flatMap(([name, value]) => {
    if (value === '' || value === 'undefined') return [];
    const { text, isCut } = withoutCredentials(value);
    if (isCut)
      notes.push(
        `${name} has credentials, or what is no address; they are left out, and a registry that needs them will refuse`,
      );
    return text === '' ? [] : [[name, text] as const];
  });
  return { environment: Object.fromEntries(entries), notes };
}

/** What GOPROXY and GOSUMDB may hold beside addresses. */
const plainWord = /^[A-Za-z][\w.+/=-]*$/;

/** The addresses of a text, without user, password, query and fragment. What is neither an address nor a plain word is cut. */
export function withoutCredentials(text: string): { readonly text: string; readonly isCut: boolean } {
  let isCut = false;
  const clean = (word: string) => {
    const url = URL.canParse(word) ? new URL(word) : undefined;
    const isWeb = url && ['http:', 'https:'].includes(url.protocol) && !url.pathname.includes('@');
    if (!isWeb) {
      if (!plainWord.test(word)) isCut = true;
      return plainWord.test(word) ? word : '';
    }
    if (url.username + url.password + url.search + url.hash === '') return word;
    isCut = true;
    Object.assign(url, { username: '', password: '', search: '', hash: '' });
    return url.href;
  };
  // Lists stay lists: commas and bars for Go, spaces for pip. A separator in a password leaves words that are cut.
  const parts = text.trim().split(/([\s,|]+)/);
  if (/:\/\/[^/]*[\s,|][^/]*@/.test(text)) return { text: '', isCut: true };
  const words = parts.map((part, index) => (index % 2 === 0 ? clean(part) : part));
  return { text: words.join('').replace(/^[\s,|]+|[\s,|]+$/g, ''), isCut };
}

async function readMaven(): Promise<Registries> {
  const text = await readFile(path.join(homedir(), '.m2', 'settings.xml'), 'utf8').catch(() => '');
  const pick = (block: string, tag: string) => new RegExp(`<${tag}>\\s*([^<\\s]+)\\s*</${tag}>`).exec(block)?.[1] ?? '';
  const mirrors = [...text.matchAll(/<mirror>([\s\S]*?)<\/mirror>/g)].flatMap(([, block = '']) => {
    const [id, of, url] = [pick(block, 'id'), pick(block, 'mirrorOf'), withoutCredentials(pick(block, 'url')).text];
    return url === '' ? [] : [`<mirror><id>${id}</id><mirrorOf>${of}</mirrorOf><url>${url}</url></mirror>`];
  });
  const notes = /<server>/.test(text) ? ['~/.m2/settings.xml has credentials of servers; they are left out'] : [];
  return { environment: {}, mavenSettings: `<settings><mirrors>${mirrors.join('')}</mirrors></settings>\n`, notes };
}
