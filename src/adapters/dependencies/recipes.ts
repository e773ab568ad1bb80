import { workFolder } from '../../domain/reproduction/frames.ts';
import type { DependencyLanguage } from '../../domain/reproduction/dependencies.ts';

/** Where prepared dependencies are in an image: outside the work folder, whose mount would hide them. */
export const dependencyFolder = '/opt/resident/dependencies';
/** Folders of the preparing sandbox. */
export const prepareFolders = {
  source: `${workFolder}/source`,
  home: `${workFolder}/home`,
  temporary: `${workFolder}/tmp`,
  /** What is taken out of it, and nothing else. */
  out: `${workFolder}/out`,
} as const;
/** Certificates that this machine trusts, so that a registry behind a proxy of the company is believed. */
export const certificatesFile = `${workFolder}/certificates.pem`;

export interface DependencyRecipe {
  /** Raise it when the script, or what is made of its result, changes: layers of before are not used any more. */
  readonly version: number;
  /** Runs in the source folder, with the inputs alone; what it leaves in `out` becomes the layer. */
  readonly script: string;
  /** Whether layers of different lockfiles are one folder: their paths carry versions, so they do not collide. */
  readonly isShared: boolean;
  /** What a run needs to find the layers' folders, first one first. `PATH` is put before the image's own. */
  environment(folders: readonly string[]): Readonly<Record<string, string>>;
  /** A link in the service's own folder, where the language looks for dependencies only there. */
  link?(folder: string): { readonly name: string; readonly target: string };
}

const { out } = prepareFolders;

/** Nothing of the service's source takes part: only what its lockfile names is installed, and that may run its scripts. */
export const dependencyRecipes: Readonly<Record<DependencyLanguage, DependencyRecipe>> = {
  node: {
    version: 3,
    script: `npm ci --no-audit --no-fund --loglevel=error && mv node_modules ${out}/node_modules`,
    isShared: false,
    environment: () => ({}),
    link: (folder) => ({ name: 'node_modules', target: `${folder}/node_modules` }),
  },
  python: {
    version: 3,
    // Compiled files that are believed without a look at the source's time: the layer's times are all the same.
    script:
      `python3 -m pip install --no-compile --no-cache-dir --disable-pip-version-check --progress-bar=off --target ${out}/site-packages -r "$LOCKFILE" && ` +
      `{ python3 -m compileall -q --invalidation-mode unchecked-hash ${out}/site-packages || true; }`,
    isShared: false,
    environment: (folders) => ({
      PYTHONPATH: folders.map((folder) => `${folder}/site-packages`).join(':'),
      PATH: folders.map((folder) => `${folder}/site-packages/bin`).join(':'),
    }),
  },
  go: {
    version: 3,
    script: `GOMODCACHE=${out}/mod GOFLAGS=-modcacherw go mod download`,
    isShared: true,
    environment: ([folder]) => ({ GOMODCACHE: `${folder}/mod`, GOPROXY: 'off', GOSUMDB: 'off', GOTOOLCHAIN: 'local' }),
  },
  java: {
    version: 3,
    // `dependency:go-offline` misses what plug-ins choose when they run, surefire's providers above all; so an empty test is run.
    script:
      `for pom in $(find . -name pom.xml); do d=$(dirname "$pom")/src/test/java; mkdir -p "$d" && echo 'class ResidentWarmUpTest {}' > "$d/ResidentWarmUpTest.java"; done && ` +
      // Without the file by which our image's Maven stays offline.
      `MAVEN_SKIP_RC=1 mvn -B -q -gs settings.xml -s settings.xml -Dmaven.repo.local=${out}/m2 -DfailIfNoTests=false -Dsurefire.failIfNoSpecifiedTests=false verify && ` +
      // Names of the repositories that files came from would make Maven ask them again.
      `find ${out}/m2 -name '_remote.repositories' -o -name '*.lastUpdated' -o -name 'resolver-status.properties' | xargs -r rm -f`,
    isShared: true,
    environment: ([folder]) => ({ MAVEN_OPTS: `-Dmaven.repo.local=${folder}/m2` }),
  },
};
