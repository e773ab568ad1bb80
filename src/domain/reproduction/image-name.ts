import { findNearest } from '../nearest.ts';

/** Languages whose sandbox images Resident makes itself; `c` is C and C++. */
export const imageLanguages = ['node', 'python', 'java', 'c', 'go'] as const;
export type ImageLanguage = (typeof imageLanguages)[number];

/** What `sandbox.image` names. */
export type ImageName =
  /** `python`, `python:3.11`: made by Resident, or an official image whose digest was recorded. */
  | { readonly kind: 'language'; readonly language: ImageLanguage; readonly version?: string }
  /** `registry/app@sha256:…`: always the same bytes. */
  | { readonly kind: 'pinned'; readonly reference: string }
  /** The image of the deploy that runs, as its record tells it. */
  | { readonly kind: 'deployed' }
  /** Any other name: what the Docker engine holds under it when the sandbox runs. */
  | { readonly kind: 'local'; readonly reference: string };

const versioned = /^([a-z]+)(?::(\d+(?:\.\d+)*))?$/;
const pinned = /^(?:[^@\s]+@)?sha256:[0-9a-f]{64}$/;

export function parseImageName(image: string): ImageName {
  if (image === 'deployed') return { kind: 'deployed' };
  const [, language, version] = versioned.exec(image) ?? [];
  const known = imageLanguages.find((each) => each === language);
  if (known) return { kind: 'language', language: known, ...(version === undefined ? {} : { version }) };
  return { kind: pinned.test(image) ? 'pinned' : 'local', reference: image };
}

/** Other words for the languages, as people and registries write them. */
const alsoCalled: Readonly<Record<string, ImageLanguage>> = {
  ...{
    nodejs: 'node',
    javascript: 'node',
    typescript: 'node',
    js: 'node',
    ts: 'node',
    py: 'python',
    python3: 'python',
  },
  ...{ jdk: 'java', openjdk: 'java', maven: 'java', gcc: 'c', 'c++': 'c', cpp: 'c', golang: 'go' },
};
/** `c` is left out: every word of one letter is near to it. */
const guessed = [...imageLanguages.filter((language) => language !== 'c'), 'deployed'];

/**
 * What was most likely meant by a name that an engine would have to hold: `python` for `pythn`, `node:20` for
 * `node:20-slim`. Undefined where nothing is near, and for the names that mean something already.
 */
export function guessImageName(image: string): string | undefined {
  if (parseImageName(image).kind !== 'local') return undefined;
  const [name = '', tag = ''] = image.split(':');
  const near = alsoCalled[name.toLowerCase()] ?? findNearest(name, guessed);
  const [version] = /^\d+(\.\d+)*/.exec(tag) ?? [];
  return near === undefined || near === 'deployed' || version === undefined ? near : `${near}:${version}`;
}

/** Whether a version is the one that is asked for: `3.11` takes 3.11.7, and not 3.1. None asked for: any. */
export function fitsVersion(version: string, wanted: string | undefined): boolean {
  return wanted === undefined || version === wanted || version.startsWith(`${wanted}.`);
}
