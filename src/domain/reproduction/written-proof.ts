/** What an engine may write beside its diagnosis: text that only ever becomes bytes inside the sandbox. */
export interface WrittenProof {
  readonly script?: WrittenScript;
  /** A unified diff against what is deployed. */
  readonly fix?: { readonly diff: string };
}

export interface WrittenScript {
  /** A new file below the accused service's folder. */
  readonly path: string;
  readonly text: string;
  readonly command: readonly string[];
}

/** The same with the texts in the evidence store, by their SHA-256 in hex: histories carry references. */
export interface StoredProof {
  /** Which engine wrote it. */
  readonly by: string;
  readonly script?: { readonly path: string; readonly digest: string; readonly command: readonly string[] };
  readonly fix?: { readonly digest: string };
}

export const maxScriptLength = 8_000;
/** Of a fix: more than this is none that a person can judge in an incident. */
export const maxDiffLength = 20_000;

/** Programs that may run a script, with what stands before its path, by the ending of its name. */
const interpreters: Readonly<Record<string, readonly (readonly string[])[]>> = {
  js: [['node'], ['node', '--test']],
  mjs: [['node'], ['node', '--test']],
  cjs: [['node'], ['node', '--test']],
  py: [['python3'], ['python3', '-m', 'unittest']],
  sh: [['sh']],
  go: [['go', 'run']],
  java: [['java']],
};
const plainPath = /^[\w-][\w.-]*(?:\/[\w-][\w.-]*){0,8}$/;
const longestPath = 200;

/** Why a script is not taken; undefined where it is: a plain new file, run by a known interpreter and nothing else. */
export function findScriptFault({ path, text, command }: WrittenScript): string | undefined {
  if (!plainPath.test(path) || path.length > longestPath) return 'its path is no plain relative path';
  if (text.trim() === '' || text.length > maxScriptLength || text.includes('\0')) {
    return `its text is empty, longer than ${maxScriptLength} characters, or no text`;
  }
  const known = interpreters[path.split('.').at(-1) ?? ''] ?? [];
  const isKnown = known.some((before) => [...before, path].join('\0') === command.join('\0'));
  if (isKnown) return undefined;
  const may = known.map((before) => [...before, path].join(' ')).join(' or ') || 'nothing: its ending is unknown';
  return `its command is not one of those for such a file (${may})`;
}
