/** What sort of files a commit changed; `merge` for one that joins branches and changes nothing itself. */
export const changeKinds = ['code', 'configuration', 'lockfile', 'tests', 'documentation', 'merge'] as const;
export type ChangeKind = (typeof changeKinds)[number];

const lockfile =
  /(?:^|\/)(?:package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lockb?|Cargo\.lock|go\.sum|poetry\.lock|uv\.lock|Pipfile\.lock|Gemfile\.lock|composer\.lock|packages\.lock\.json|mix\.lock|flake\.lock|gradle\.lockfile)$/;
/** Written by hand, and yet a list of exact versions. */
const pinned = /(?:^|\/)(?:requirements|constraints)[^/]*\.(?:txt|in)$/;
const manifest =
  /(?:^|\/)(?:package\.json|pyproject\.toml|Pipfile|Cargo\.toml|go\.mod|Gemfile|composer\.json|mix\.exs)$/;
const tests =
  /(?:^|\/)(?:tests?|__tests__|spec|testdata|fixtures)\/|(?:^|\/)(?:test_[^/]+|conftest)\.py$|[._](?:test|spec)\.[^/.]+$|_test\.(?:go|py)$|Tests?\.java$/;
const documentation = /\.(?:md|rst|adoc|txt)$|(?:^|\/)(?:docs?\/|(?:LICENSE|CHANGELOG|AUTHORS|CODEOWNERS)[^/]*$)/;
const configuration =
  /\.(?:ya?ml|json5?|toml|ini|cfg|conf|properties|env|tfvars|hcl)$|(?:^|\/)(?:\.env[^/]*|Dockerfile[^/]*|Procfile|Makefile|\.[^/]+rc|\.git[^/]+|\.editorconfig)$/;

/** True for a file that a package manager writes. */
export function isLockfile(path: string): boolean {
  return lockfile.test(path);
}

/**
 * Names a commit by the weightiest thing among its files: code over configuration over lock files over tests over documentation.
 * A manifest that changes together with its lock file counts as the lock file: both say that dependencies changed.
 */
export function classifyChange(paths: readonly string[]): ChangeKind {
  const kinds = new Set(paths.map(classifyPath));
  if (kinds.has('code')) return 'code';
  if (kinds.has('configuration')) return 'configuration';
  if (kinds.has('lockfile')) return 'lockfile';
  if (kinds.has('manifest')) return 'configuration';
  if (kinds.has('tests')) return 'tests';
  return kinds.has('documentation') ? 'documentation' : 'merge';
}

function classifyPath(path: string): ChangeKind | 'manifest' {
  if (lockfile.test(path) || pinned.test(path)) return 'lockfile';
  if (tests.test(path)) return 'tests';
  if (manifest.test(path)) return 'manifest';
  if (documentation.test(path)) return 'documentation';
  return configuration.test(path) ? 'configuration' : 'code';
}

/** For people: what to make of a first-bad commit of this kind. Empty for code, which needs no word. */
export function explainKind(kind: ChangeKind | undefined): string {
  switch (kind) {
    case 'configuration':
      return 'It changes only configuration.';
    case 'lockfile':
      return 'It changes only which versions of dependencies are installed.';
    case 'tests':
      return 'It changes only tests: the failure may be older than the test that shows it.';
    case 'documentation':
      return 'It changes only documentation.';
    case 'merge':
      return 'It is a merge: each branch passes alone, and they fail together.';
    case 'code':
    case undefined:
      return '';
  }
}
