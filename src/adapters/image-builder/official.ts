import type { ImageLanguage } from '../../domain/reproduction/image-name.ts';

/**
 * Official images of Docker Hub (`library/`) by language and version, reviewed by hand. A tag is only where the digest comes
 * from: it is looked up once, when a person runs `resident images build --pull`, and from then on the digest alone counts.
 * Java's are Maven's, because a service's tests are compiled; all are Debian, so that native packages fit.
 */
const official: Readonly<Record<ImageLanguage, Readonly<Record<string, string>>>> = {
  node: { '24': 'node:24-bookworm-slim', '22': 'node:22-bookworm-slim', '20': 'node:20-bookworm-slim' },
  python: {
    '3.13': 'python:3.13-slim-bookworm',
    '3.12': 'python:3.12-slim-bookworm',
    '3.11': 'python:3.11-slim-bookworm',
    '3.10': 'python:3.10-slim-bookworm',
  },
  java: { '21': 'maven:3-eclipse-temurin-21', '17': 'maven:3-eclipse-temurin-17', '11': 'maven:3-eclipse-temurin-11' },
  c: { '14': 'gcc:14-bookworm', '13': 'gcc:13-bookworm', '12': 'gcc:12-bookworm' },
  go: { '1.25': 'golang:1.25-bookworm', '1.24': 'golang:1.24-bookworm', '1.23': 'golang:1.23-bookworm' },
};

/** The official image's `repository:tag`, the newest row without a version; undefined for a version that has no row. */
export function findOfficial(language: ImageLanguage, version: string | undefined): string | undefined {
  const rows = Object.entries(official[language]);
  // Numeric keys come in rising order, whatever the order they are written in.
  const newest = rows.toSorted(([a], [b]) => b.localeCompare(a, 'en', { numeric: true }))[0];
  const row = version === undefined ? newest : rows.find(([each]) => each === version);
  return row?.[1];
}

export function listOfficialVersions(language: ImageLanguage): readonly string[] {
  return Object.keys(official[language]);
}
