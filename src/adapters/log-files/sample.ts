import type { Level } from '../../domain/analysis/logs/levels.ts';
import type { Fields } from './fields.ts';

export interface RawLine {
  readonly at: number;
  readonly level: Level;
  readonly message: string;
  readonly fields: Fields;
}

export interface SampleLimits {
  readonly lines: number;
  readonly bytes: number;
}

export interface Sample {
  add(line: RawLine): void;
  /** What is kept, oldest first, and what was left out; `leftOut` is empty when all was kept. */
  finish(): { readonly lines: readonly RawLine[]; readonly leftOut: string };
}

/** So many lines of each shape are kept whatever else floods: the one line that says `config reloaded` is worth more than its share. */
const perShape = 20;
const maxShapes = 500;

/**
 * Bounded memory for any number of lines: warnings and errors are kept before all others, rare shapes before common ones, and
 * the rest is sampled evenly over time (every 2^n-th line).
 */
export function createSample(limits: SampleLimits): Sample {
  const grave = createPool(limits);
  const ordinary = createPool(limits);
  let order = 0;
  return {
    add(line) {
      const pool = line.level === 'error' || line.level === 'warn' ? grave : ordinary;
      pool.add({ ...line, order: (order += 1) });
    },
    finish() {
      const keptGrave = grave.take(limits);
      const room = { lines: limits.lines - keptGrave.length, bytes: limits.bytes - sizeOfAll(keptGrave) };
      const keptOrdinary = ordinary.take(room);
      const lines = [...keptGrave, ...keptOrdinary].sort((a, b) => a.at - b.at || a.order - b.order);
      return { lines, leftOut: tellLeftOut(keptGrave.length, grave.seen(), keptOrdinary.length, ordinary.seen()) };
    },
  };
}

function tellLeftOut(keptGrave: number, grave: number, keptOrdinary: number, ordinary: number): string {
  if (keptGrave === grave && keptOrdinary === ordinary) return '';
  const ofGrave = keptGrave === grave ? `all ${grave}` : `${keptGrave} of ${grave}`;
  return `kept ${keptGrave + keptOrdinary} of ${grave + ordinary} lines: ${ofGrave} warnings and errors, the others sampled evenly`;
}

/** Lines of the same millisecond keep the order in which they were read. */
interface Numbered extends RawLine {
  readonly order: number;
}

interface Pool {
  add(line: Numbered): void;
  take(limits: SampleLimits): readonly Numbered[];
  seen(): number;
}

function createPool(limits: SampleLimits): Pool {
  const shapes = new Map<string, number>();
  const rare: Numbered[] = [];
  let common: Numbered[] = [];
  let bytes = 0;
  let stride = 1;
  let seen = 0;
  let seenCommon = 0;
  return {
    seen: () => seen,
    add(line) {
      seen += 1;
      const shape = shapeOf(line.message);
      const count = (shapes.get(shape) ?? 0) + 1;
      if (count > 1 || shapes.size < maxShapes) shapes.set(shape, count);
      if (count <= perShape && shapes.has(shape)) {
        rare.push(line);
        return;
      }
      if (seenCommon++ % stride !== 0) return;
      common.push(line);
      bytes += sizeOf(line);
      if (common.length <= limits.lines * 2 && bytes <= limits.bytes * 4) return;
      common = common.filter((_, index) => index % 2 === 0);
      bytes = sizeOfAll(common);
      stride *= 2;
    },
    take(room) {
      const first = fit(rare, room);
      const rest = fit(common, { lines: room.lines - first.length, bytes: room.bytes - sizeOfAll(first) });
      return [...first, ...rest];
    },
  };
}

/** As many lines as fit, spread evenly. */
function fit(lines: readonly Numbered[], room: SampleLimits): readonly Numbered[] {
  if (room.lines <= 0 || room.bytes <= 0) return [];
  const share = Math.min(1, room.lines / Math.max(1, lines.length), room.bytes / Math.max(1, sizeOfAll(lines)));
  const kept =
    share === 1 ? lines : lines.filter((_, index) => Math.floor((index + 1) * share) > Math.floor(index * share));
  if (sizeOfAll(kept) <= room.bytes) return kept;
  let left = room.bytes;
  return kept.filter((line) => (left -= sizeOf(line)) >= 0);
}

function shapeOf(message: string): string {
  return message.slice(0, 100).replace(/[0-9a-f]{8,}|\d+/gi, '#');
}

function sizeOfAll(lines: readonly RawLine[]): number {
  return lines.reduce((sum, line) => sum + sizeOf(line), 0);
}

/** About what the line takes as JSON. */
function sizeOf(line: RawLine): number {
  let size = 80 + line.message.length;
  for (const [key, value] of Object.entries(line.fields))
    size += key.length + 6 + (typeof value === 'string' ? value.length : 6);
  return size;
}
