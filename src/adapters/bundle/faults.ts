import type { core } from 'zod';
import { suggest } from '../../domain/nearest.ts';

/** One thing wrong with a bundle: where, what, and what to do. */
export interface BundleFault {
  /** Below the bundle. */
  readonly file: string;
  /** From 1; absent where the fault is of the file as a whole. */
  readonly line?: number;
  readonly message: string;
}

/** All faults of a bundle at once; `message` is ready to print. */
export class BundleError extends Error {
  readonly faults: readonly BundleFault[];
  constructor(faults: readonly BundleFault[]) {
    super(faults.map(renderFault).join('\n'));
    this.name = 'BundleError';
    this.faults = faults;
  }
}

/** `logs/cart.ndjson:12 at: is missing; write an ISO 8601 time …` */
export function renderFault({ file, line, message }: BundleFault): string {
  return `${file}${line === undefined ? '' : `:${line}`} ${message}`;
}

/** Collects faults. A file that is wrong in every line is told by its first few, and by how many there are. */
export interface Faults {
  add(fault: BundleFault): void;
  /** @throws BundleError when there are any. */
  throwIfAny(): void;
}

const mostOfFile = 5;

export function createFaults(): Faults {
  const kept: BundleFault[] = [];
  const counts = new Map<string, number>();
  return {
    add(fault) {
      const count = (counts.get(fault.file) ?? 0) + 1;
      counts.set(fault.file, count);
      if (count <= mostOfFile) kept.push(fault);
    },
    throwIfAny() {
      if (kept.length === 0) return;
      const rest = [...counts]
        .filter(([, count]) => count > mostOfFile)
        .map(([file, count]) => ({ file, message: `has ${count - mostOfFile} more faults like these` }));
      throw new BundleError([...kept, ...rest]);
    },
  };
}

/** What a schema found, as messages that name the key. */
export function explainIssues(issues: readonly core.$ZodIssue[], known: readonly string[]): readonly string[] {
  return issues.flatMap((issue) => {
    const at = renderPath(issue.path);
    if (issue.code !== 'unrecognized_keys') return [`${at === '' ? '' : `${at}: `}${issue.message}`];
    return issue.keys.map((key) => {
      const name = at === '' ? key : `${at}.${key}`;
      return at === '' ? `${name}: is not known; ${suggest(key, known)}` : `${name}: is not known; leave it out`;
    });
  });
}

function renderPath(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index ? '.' : ''}${String(part)}`))
    .join('');
}
