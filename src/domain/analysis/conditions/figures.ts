/** Words of a series' name, lower case: `FreeStorageSpace` and `free_storage_space` both give `free storage space`. */
export function readWords(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .replace(/I Ds\b/g, 'ids')
    .toLowerCase()
    .replace(/[^a-z0-9%]+/g, ' ')
    .trim();
}

/** A figure for people: bytes in GiB or MiB, others with three digits that count. */
export function format(value: number, unit = ''): string {
  if (unit === 'bytes')
    return Math.abs(value) >= 2 ** 30 ? `${(value / 2 ** 30).toFixed(1)} GiB` : `${(value / 2 ** 20).toFixed(0)} MiB`;
  const shown =
    Math.abs(value) >= 1000
      ? String(Math.round(value))
      : Number.isInteger(value)
        ? String(value)
        : String(Number(value.toPrecision(3)));
  return unit === '' ? shown : `${shown} ${unit}`;
}
