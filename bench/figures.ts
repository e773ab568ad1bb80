/** Middle value; of an even count the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  const upper = sorted[half];
  if (upper === undefined) throw new Error('There is no median of nothing.');
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? upper) + upper) / 2;
}

/** One line of the table. */
export interface Figure {
  readonly name: string;
  readonly measured: string;
  /** What it is compared with; empty when the target is a plain number. */
  readonly bare: string;
  readonly value: number;
  /** Spread over the rounds, for ratios. */
  readonly spread: string;
  readonly target: { readonly atLeast: number } | { readonly atMost: number } | undefined;
}

export function isMet({ value, target }: Figure): boolean {
  if (!target) return true;
  return 'atLeast' in target ? value >= target.atLeast : value <= target.atMost;
}

/** Smallest and largest. */
export function renderSpread(values: readonly number[], digits = 2): string {
  return `${Math.min(...values).toFixed(digits)}–${Math.max(...values).toFixed(digits)}`;
}

/** The table for people: what, measured, bare, figure, spread, target, verdict. */
export function renderTable(figures: readonly Figure[], bare = 'bare SDK'): string {
  const rows = figures.map((figure) => [
    figure.name,
    figure.measured,
    figure.bare,
    Number.isInteger(figure.value) ? String(figure.value) : figure.value.toFixed(2),
    figure.spread,
    renderTarget(figure.target),
    figure.target ? (isMet(figure) ? 'pass' : 'MISS') : '',
  ]);
  return alignColumns([['', 'Resident', bare, 'figure', 'spread', 'target', ''], ...rows]);
}

/** Lines of cells, each column as wide as its widest cell. */
export function alignColumns(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_unused, column) => Math.max(...rows.map((row) => (row[column] ?? '').length))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function renderTarget(target: Figure['target']): string {
  if (!target) return '';
  return 'atLeast' in target ? `>= ${target.atLeast}` : `<= ${target.atMost}`;
}
