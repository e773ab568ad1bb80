import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, realpath, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

interface Artifact {
  readonly group?: string;
  readonly name: string;
  readonly version: string;
  readonly files: Readonly<Record<string, string>>;
  /** Further elements of its POM. */
  readonly pom?: string;
}

/** Chosen by the plug-in when it runs, as Surefire chooses what runs the tests: no POM names it. */
const late: Artifact = {
  name: 'late',
  version: '3.0',
  files: { 'com/example/Late.java': 'package com.example; public class Late {}' },
};

const tally: Artifact = {
  name: 'tally',
  version: '1.2.3',
  files: {
    'com/example/Tally.java':
      'package com.example; public class Tally { public static int add(int a, int b) { return a + b; } }',
  },
};

/** A test runner: it loads the service's dependency, and resolves one of its own. */
const runner: Artifact = {
  name: 'runner-maven-plugin',
  version: '2.0',
  pom: '<packaging>maven-plugin</packaging>',
  files: {
    'com/example/RunMojo.java': `package com.example;

import java.net.URL;
import java.net.URLClassLoader;
import org.apache.maven.artifact.Artifact;
import org.apache.maven.artifact.repository.DefaultRepositoryRequest;
import org.apache.maven.artifact.resolver.ArtifactResolutionRequest;
import org.apache.maven.artifact.resolver.ArtifactResolutionResult;
import org.apache.maven.execution.MavenSession;
import org.apache.maven.plugin.AbstractMojo;
import org.apache.maven.plugin.MojoExecutionException;
import org.apache.maven.repository.RepositorySystem;

public class RunMojo extends AbstractMojo {
  private MavenSession session;
  private RepositorySystem repositories;

  public void execute() throws MojoExecutionException {
    Artifact late = repositories.createArtifact("com.example", "late", "${late.version}", "jar");
    ArtifactResolutionRequest request =
        new ArtifactResolutionRequest(DefaultRepositoryRequest.getRepositoryRequest(session, session.getCurrentProject()));
    ArtifactResolutionResult result = repositories.resolve(request.setArtifact(late));
    if (!result.isSuccess()) throw new MojoExecutionException("late is missing: " + result.getMissingArtifacts());
    try {
      for (Artifact each : session.getCurrentProject().getArtifacts()) {
        ClassLoader loader = new URLClassLoader(new URL[] {each.getFile().toURI().toURL()});
        Class<?> found = loader.loadClass("com.example.Tally");
        System.out.println("sum " + found.getMethod("add", int.class, int.class).invoke(null, 40, 2));
      }
    } catch (Exception error) {
      throw new MojoExecutionException("the test failed", error);
    }
  }
}
`,
    'META-INF/maven/plugin.xml': `<plugin>
<groupId>com.example</groupId><artifactId>runner-maven-plugin</artifactId><version>2.0</version><goalPrefix>runner</goalPrefix>
<mojos><mojo><goal>run</goal><phase>verify</phase><requiresDependencyResolution>test</requiresDependencyResolution>
<implementation>com.example.RunMojo</implementation><language>java</language><instantiationStrategy>per-lookup</instantiationStrategy>
<parameters><parameter><name>session</name><type>org.apache.maven.execution.MavenSession</type></parameter></parameters>
<configuration><session implementation="org.apache.maven.execution.MavenSession" default-value="\${session}"/></configuration>
<requirements><requirement>
<role>org.apache.maven.repository.RepositorySystem</role><field-name>repositories</field-name>
</requirement></requirements></mojo></mojos></plugin>`,
  },
};

/** Maven itself gives this to every plug-in that names no version of it. Ours calls nothing of it. */
const plexusUtils: Artifact = {
  group: 'org.codehaus.plexus',
  name: 'plexus-utils',
  version: '1.1',
  files: { 'README.txt': 'A stand-in.' },
};

/**
 * A Maven repository (paths and bodies) of our own artifacts: a package, and a plug-in that stands for a test runner. Central's
 * real ones are some hundred files, and tests call nothing outside. Empty where there is no JDK or no Maven.
 */
export async function makeMavenRepository(folder: string): Promise<ReadonlyMap<string, Buffer>> {
  const bodies = new Map<string, Buffer>();
  const found = await execute('which', ['mvn', 'javac', 'jar']).catch(() => undefined);
  if (!found) return bodies;
  const maven = path.dirname(path.dirname(await realpath(found.stdout.split('\n')[0]!)));
  for (const artifact of [tally, late, plexusUtils, runner]) {
    const { group = 'com.example', name, version } = artifact;
    const at = `/maven/${group.replaceAll('.', '/')}/${name}/${version}/${name}-${version}`;
    bodies.set(`${at}.jar`, await makeJar(artifact, path.join(folder, name), maven));
    bodies.set(`${at}.pom`, Buffer.from(makePom(artifact)));
  }
  for (const [file, body] of [...bodies]) {
    bodies.set(`${file}.sha1`, Buffer.from(createHash('sha1').update(body).digest('hex')));
  }
  return bodies;
}

async function makeJar({ name, files }: Artifact, folder: string, maven: string): Promise<Buffer> {
  const classes = path.join(folder, 'classes');
  const sources: string[] = [];
  for (const [file, text] of Object.entries(files)) {
    const isSource = file.endsWith('.java');
    const target = path.join(isSource ? folder : classes, file);
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, text);
    if (isSource) sources.push(target);
  }
  if (sources.length > 0) await execute('javac', ['-cp', path.join(maven, 'lib/*'), '-d', classes, ...sources]);
  const jar = path.join(folder, `${name}.jar`);
  await execute('jar', ['--create', '--file', jar, '-C', classes, '.']);
  return readFile(jar);
}

function makePom({ group = 'com.example', name, version, pom = '' }: Omit<Artifact, 'files'>): string {
  return `<project><modelVersion>4.0.0</modelVersion>${nameIt({ group, name, version })}${pom}</project>`;
}

function nameIt({ group = 'com.example', name, version }: Omit<Artifact, 'files'>): string {
  return `<groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version>`;
}

/** A service whose `mvn verify` needs the package and the plug-in, and none of the plug-ins of a JAR. */
export const mavenTree = {
  'pom.xml': makePom({
    name: 'app',
    version: '1',
    pom:
      `<packaging>pom</packaging><dependencies><dependency>${nameIt(tally)}</dependency></dependencies>` +
      `<build><plugins><plugin>${nameIt(runner)}<executions><execution><goals><goal>run</goal></goals></execution></executions></plugin></plugins></build>`,
  }),
} as const;
