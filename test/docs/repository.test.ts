import { expect, test } from 'vitest';
import { listFiles, readText } from './documents.ts';

// What must hold of every file of the repository.

const files = listFiles();
const isText = (file: string): boolean => !/\.(?:png|jpe?g|gif|ico|gz|tgz|zip|wasm)$/.test(file);
const isRecorded = (file: string): boolean => /^test\/(?:histories|fixtures)\//.test(file);
const mostLines = 300;

test('no source file is longer than 300 lines', () => {
  const sources = files.filter((file) => /^(?:src|test|bench|demo|bin)\/.+\.(?:ts|js|mjs|py|sh)$/.test(file));
  expect(sources.length).toBeGreaterThan(200);
  const lengths = sources
    .filter((file) => !isRecorded(file))
    .map((file) => ({ file, lines: readText(file).replace(/\n$/, '').split('\n').length }));
  expect(lengths.filter(({ lines }) => lines > mostLines)).toEqual([]);
});

test('no file holds a path of one machine', () => {
  const machine = /(?<![\w.-])\/(?:root\/(?!\.{3})|home\/[\w-]+\/|Users\/[\w-]+\/|work\b)/;
  expect(findLines(machine, (file) => !isRecorded(file))).toEqual([]);
});

test('no file names a package registry or a mirror', () => {
  const registry =
    /(?:registry\.npmjs|npm\.pkg\.github|registry\.yarnpkg|pypi\.org|(?:proxy|sum)\.golang|index\.docker|artifactory|nexus\.)/i;
  expect(findLines(registry, () => true)).toEqual([]);
});

test('no source names a set of incidents that measures it', () => {
  const measured = /petshop|rootcausebench|opensre|nezha|trainticket|loghub|quixbugs/i;
  expect(findLines(measured, (file) => file.startsWith('src/'))).toEqual([]);
});

test('no recorded history or fixture holds a path of one machine', () => {
  expect(findLines(/(?<![\w.-])\/(?:root|home\/[\w-]+|work)\//, isRecorded)).toEqual([]);
});

function findLines(pattern: RegExp, isWanted: (file: string) => boolean): readonly string[] {
  return files
    .filter((file) => isText(file) && isWanted(file) && file !== 'test/docs/repository.test.ts')
    .flatMap((file) =>
      readText(file)
        .split('\n')
        .flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}: ${line.trim().slice(0, 120)}`] : [])),
    );
}
