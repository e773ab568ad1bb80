import { stat } from 'node:fs/promises';
import path from 'node:path';
import { isRemote } from '../../adapters/git/locate.ts';
import { asList, asMapping, isMapping, isText, type Mapping } from '../../config/raw.ts';
import { findNearest } from '../../domain/nearest.ts';
import { imageLanguages, parseImageName, type ImageLanguage } from '../../domain/reproduction/image-name.ts';
import type { World, WorldFindings } from './check-world.ts';
import { createFindings, type NamedServices } from './look.ts';

/** Programs that only the image of their language brings. */
const programsOf: Readonly<Record<ImageLanguage, readonly string[]>> = {
  node: ['node', 'npm', 'npx'],
  python: ['python', 'python3', 'pip', 'pip3', 'pytest'],
  java: ['java', 'javac', 'jar', 'mvn'],
  c: ['gcc', 'g++', 'make'],
  go: ['go', 'gofmt'],
};
/** Shorter names are too near to each other for a guess. */
const leastLetters = 4;

/** What plainly does not fit together: a program of another language than the image's, a lockfile that is not in the source. */
export async function checkSandboxes(services: NamedServices, { folder }: World): Promise<WorldFindings> {
  const { note, ...findings } = createFindings();
  for (const [name, entry] of services) {
    if (!isMapping(entry['sandbox'])) continue;
    const sandbox = asMapping(entry['sandbox']);
    const at = ['services', name, 'sandbox'];
    for (const { key, program } of listPrograms(sandbox)) {
      const problem = explainProgram(program, sandbox['image'] ?? entry['language']);
      if (problem !== undefined) note([...at, ...key, 0], `names ${program}, ${problem}`);
    }
    const { dependencies } = sandbox;
    const { source } = entry;
    if (!isText(dependencies) || ['auto', 'none'].includes(dependencies)) continue;
    if (!isText(source) || isRemote(source)) continue;
    if (await stat(path.resolve(folder, source, dependencies)).catch(() => undefined)) continue;
    note([...at, 'dependencies'], `names ${dependencies}, which is not in ${source} now, so nothing would be prepared`);
  }
  return findings;
}

function listPrograms(sandbox: Mapping) {
  const commands = [
    { key: ['test'], argv: sandbox['test'] },
    { key: ['reproduce'], argv: sandbox['reproduce'] },
    ...asList(sandbox['setup']).map((argv, index) => ({ key: ['setup', index], argv })),
  ];
  return commands.flatMap(({ key, argv }) => {
    const [program] = asList(argv);
    return isText(program) && !program.includes('/') ? [{ key, program }] : [];
  });
}

function explainProgram(program: string, image: unknown): string | undefined {
  const name = isText(image) ? parseImageName(image) : undefined;
  if (name?.kind !== 'language') return undefined;
  const own = programsOf[name.language];
  if (own.includes(program)) return undefined;
  const other = imageLanguages.find((language) => programsOf[language].includes(program));
  if (other) return `which is not in the image for ${name.language}; it is in the one for ${other}`;
  const meant = findNearest(program, own);
  // `python3.11` is a name of its own.
  if (meant === undefined || program.length < leastLetters || program.startsWith(meant)) return undefined;
  return `which is not known to be in the image for ${name.language}; did you mean ${meant}?`;
}
