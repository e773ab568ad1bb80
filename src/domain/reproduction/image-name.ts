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

/** Whether a version is the one that is asked for: `3.11` takes 3.11.7, and not 3.1. None asked for: any. */
export function fitsVersion(version: string, wanted: string | undefined): boolean {
  return wanted === undefined || version === wanted || version.startsWith(`${wanted}.`);
}
