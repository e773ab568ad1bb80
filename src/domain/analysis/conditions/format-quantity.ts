/** A figure for people: bytes in GiB or MiB, others with three digits that count. */
export function formatQuantity(value: number, unit = ''): string {
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
