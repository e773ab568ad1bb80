/**
 * Words of a series' name, lower case: `FreeStorageSpace` and `free_storage_space` both give `free storage space`.
 * Our own rule. O(length).
 */
export function readWords(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .replace(/I Ds\b/g, 'ids')
    .toLowerCase()
    .replace(/[^a-z0-9%]+/g, ' ')
    .trim();
}
