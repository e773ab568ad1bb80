import { isManifest, type Hunk } from './diffs.ts';

/** A library whose version a manifest or lock file moved. */
export interface Bump {
  readonly name: string;
  /** How stack frames of its code read. */
  readonly marks: readonly string[];
}

const version = /\bv?\d+\.\d+(\.\d+)?/;
/** Names as package-lock.json, go.mod, requirements.txt, Cargo.lock, poetry.lock, Gemfile.lock, yarn.lock and pom.xml write them. */
const names = [
  /"node_modules\/((?:@[\w.-]+\/)?[\w.-]+)"\s*:/,
  /^\s*(?:require\s+)?([\w.-]+\.[a-z]{2,}\/[\w./-]+)\s+v\d/,
  /^\s*name\s*=\s*"([\w.-]+)"/,
  /<artifactId>([\w.-]+)<\/artifactId>/,
  /^\s*"?((?:@[\w.-]+\/)?[A-Za-z][\w.-]*)"?\s*(?:==|~=|>=|:\s*"[\^~]?\d|@|\(\d|=\s*"[\^~]?\d)/,
];
/** Keys of lock files that hold a version and name no library. */
const keys = /^(version|resolved|integrity|lockfileVersion|node|npm|engines)$/;

/**
 * Libraries beside whose name, or below it, a version changed.
 * Our own rule; the forms are those of the package managers' manuals. O(n) for n lines of manifests.
 */
export function findBumps(hunks: readonly Hunk[]): readonly Bump[] {
  const found = new Set<string>();
  for (const hunk of hunks.filter(({ path }) => isManifest(path))) {
    let nearest: string | undefined;
    for (const line of hunk.lines) {
      const text = line.slice(1);
      const name = names
        .map((pattern) => pattern.exec(text)?.[1])
        .find((item) => item !== undefined && !keys.test(item));
      nearest = name ?? nearest;
      if (line.startsWith('+') && version.test(text) && nearest !== undefined) found.add(nearest);
    }
  }
  return [...found].map((name) => ({ name, marks: listMarks(name) }));
}

function listMarks(name: string): readonly string[] {
  const module = name.toLowerCase().replaceAll('-', '_');
  return [`node_modules/${name}/`, `-packages/${module}/`, `${name}@v`, `/gems/${name}-`];
}
