import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
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

/** Asked from a neutral folder, so that no project's file has a say. */
async function ask(program: string, args: readonly string[]): Promise<string> {
  return promisify(execFile)(program, args, { cwd: tmpdir(), timeout: askLimitMs }).then(
    ({ stdout }) => stdout.trim(),
    () => '',
  );
}

function cleanAll(found: Readonly<Record<string, string>>): Registries {
  const notes: string[] = [];
  const entries = Object.entries(found).flatMap(([name, value]) => {
    if (value === '' || value === 'undefined') return [];
    const cleaned = withoutCredentials(value);
    if (cleaned !== value)
      notes.push(`${name} has credentials; they are left out, and a registry that needs them will refuse`);
    return [[name, cleaned] as const];
  });
  return { environment: Object.fromEntries(entries), notes };
}

/** Every URL in a text without user, password and query. Lists of URLs stay lists. */
export function withoutCredentials(text: string): string {
  return text.replace(/([a-z][a-z+.-]*:\/\/)[^\s/@,|]*@/gi, '$1').replace(/\?[^\s,|]*/g, '');
}

async function readMaven(): Promise<Registries> {
  const text = await readFile(path.join(homedir(), '.m2', 'settings.xml'), 'utf8').catch(() => '');
  const pick = (block: string, tag: string) => new RegExp(`<${tag}>\\s*([^<\\s]+)\\s*</${tag}>`).exec(block)?.[1] ?? '';
  const mirrors = [...text.matchAll(/<mirror>([\s\S]*?)<\/mirror>/g)].flatMap(([, block = '']) => {
    const [id, of, url] = [pick(block, 'id'), pick(block, 'mirrorOf'), withoutCredentials(pick(block, 'url'))];
    return url === '' ? [] : [`<mirror><id>${id}</id><mirrorOf>${of}</mirrorOf><url>${url}</url></mirror>`];
  });
  const notes = /<server>/.test(text) ? ['~/.m2/settings.xml has credentials of servers; they are left out'] : [];
  return { environment: {}, mavenSettings: `<settings><mirrors>${mirrors.join('')}</mirrors></settings>\n`, notes };
}
