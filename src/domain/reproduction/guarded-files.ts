/** What a file decides that a fix must not decide for itself. */
export type GuardedKind = 'test' | 'build' | 'git';

/**
 * Files by which a fix is measured, built, started or owned. An engine that may write them can make any failure go away: by a
 * weaker test, another test command, or a module that takes the place of the runner's.
 */
const folders: Readonly<Record<GuardedKind, RegExp>> = {
  test: /^(?:tests?|specs?|__(?:tests|mocks|snapshots|fixtures)__|testing|testdata|e2e|cypress)$/,
  build:
    /^(?:node_modules|vendor|site-packages|\.?venv|gradle|\.mvn|\.cargo|\.yarn|\.husky|(?:unittest|_?pytest|nose2?|doctest))$/,
  git: /^(?:\.git|git~\d+|\.ci|\.github|\.gitlab|\.circleci|\.buildkite|\.gitea|\.forgejo|\.woodpecker|\.semaphore|\.teamcity|\.azuredevops|\.tekton)$/,
};

const names: Readonly<Record<GuardedKind, readonly RegExp[]>> = {
  test: [/[._-](?:tests?|spec)s?\.\w+$/, /^tests?\.\w+$/, /^test[-_].*\.\w+$/, /^conftest\.py$/, /\.snap$/],
  build: [
    /^(?:package(?:-lock)?|npm-shrinkwrap|composer|lerna|nx|turbo|[tj]sconfig.*|deno)\.(?:json|lock)c?$/,
    /^(?:yarn|poetry|uv|pdm|cargo|gemfile|pipfile|bun)\.lockb?$|^pnpm-(?:lock|workspace)\.yaml$|^\.pnpmfile\.c?js$/,
    /^\.(?:npmrc|pypirc|nvmrc|node-version|python-version|tool-versions|babelrc.*|swcrc|mocharc.*|taprc|nycrc.*|c8rc.*|coveragerc|bazelrc)$|^\.yarnrc/,
    /^(?:jest|vitest|vite|mocha|karma|cypress|playwright|ava|wdio|webpack|rollup|babel|esbuild|tsup)\.(?:config|setup|conf)\./,
    /^(?:pyproject\.toml|setup\.(?:cfg|py)|tox\.ini|\.?pytest\.ini|noxfile\.py|pip\.conf|pipfile|manifest\.in)$|^(?:requirements|constraints).*\.txt$/,
    /^(?:sitecustomize|usercustomize|unittest|_?pytest|nose2?|doctest)\.\w+$|\.pth$/,
    /^pom\.xml$|^build\.xml$|^(?:build|settings)\.gradle|^gradle\.properties$|^(?:gradlew|mvnw)/,
    /^go\.(?:mod|sum|work.*)$|^cargo\.toml$|^build\.rs$|^rust-toolchain/,
    /^(?:gnu)?makefile$|\.ma?k$|^cmakelists\.txt$|\.cmake$|^meson\.build$|^configure(?:\.(?:ac|in))?$|^(?:justfile|rakefile|procfile)$|^taskfile\.ya?ml$/,
    /^(?:gemfile|module\.bazel|workspace(?:\.bazel)?|build\.bazel)$|\.(?:gemspec|csproj|sln|props|targets)$/,
    /^(?:docker|container)file(?:\.|$)|\.dockerfile$|^\.dockerignore$|^(?:docker-)?compose.*\.ya?ml$/,
    /^\.pre-commit-config\.ya?ml$|^resident\.ya?ml$|^\.env(?:rc|\..*)?$/,
  ],
  git: [
    /^\.git(?:modules|attributes)$|^(?:code)?owners$/,
    /^\.(?:gitlab-ci|woodpecker|travis|drone|appveyor|cirrus).*\.ya?ml$|^appveyor\.ya?ml$/,
    /^(?:azure-pipelines|bitbucket-pipelines|buildspec|cloudbuild).*\.ya?ml$|^jenkinsfile/,
  ],
};

/** The habit of the JVM's and .NET's languages, where only capitals tell `OrderTest` from `Latest`. */
const classOfTests =
  /(?:Tests?|TestCase|Spec|IT)\.(?:java|kts?|groovy|scala|cs)$|(?:^|\/)Test[A-Z]\w*\.(?:java|kt|cs)$/;

export const guardedWords: Readonly<Record<GuardedKind, string>> = {
  test: 'a test',
  build: 'a manifest, a lock file or part of the build',
  git: "Git's, CI's or about ownership",
};

/**
 * What a path decides beside what the service does; undefined for the service's own code. File systems that fold capitals,
 * trailing dots and spaces, and the short names of Windows are read as they would read them.
 */
export function findGuardedKind(path: string): GuardedKind | undefined {
  const parts = path
    .normalize('NFKC')
    .toLowerCase()
    .split('/')
    .map((part) => part.replace(/(?<=.)[. ]+$/, ''));
  const [name = ''] = parts.slice(-1);
  if (parts.some((part) => folders.git.test(part)) || names.git.some((one) => one.test(name))) return 'git';
  const kinds = ['test', 'build'] as const;
  const inFolder = kinds.find((kind) => parts.slice(0, -1).some((part) => folders[kind].test(part)));
  const byName = kinds.find((kind) => names[kind].some((one) => one.test(name)));
  return inFolder ?? byName ?? (classOfTests.test(path) ? 'test' : undefined);
}
