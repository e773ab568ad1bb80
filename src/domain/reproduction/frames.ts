import type { CodeFrame } from './reproduction.ts';

/** Where paths of an output lead: absent for production, whose folders nobody here knows. */
export interface Place {
  /** The service in whose folder the command ran: relative paths are its own. */
  readonly workService: string;
  /** All services whose sources are in the sandbox, each a folder under the work folder. */
  readonly services: readonly string[];
}

/** A frame as a reader finds it. */
export interface RawFrame {
  readonly file: string;
  readonly line?: number;
  readonly symbol?: string;
}

/** Where sources lie in the sandbox, a folder for each service. */
export const workFolder = '/sandbox';
const belowWorkFolder = new RegExp(`^${workFolder}/([^/]+)/(.+)$`);
const mostFrames = 5;
const longestPath = 200;
const longestSymbol = 100;

/** Runtimes, their libraries and installed packages. */
const foreignPath =
  /^node:|^internal\/|^<|(?:^|\/)(?:node_modules|site-packages|dist-packages|libsanitizer|sysdeps|csu)\/|\/go\/(?:src|pkg\/mod)\/|\/lib(?:64)?\/(?:python|node|jvm|go)|^\/usr\/(?!src\/)|^\/lib|^_?testmain\.go/;
const foreignPackage =
  /^(?:java|javax|jdk|sun|com\.sun|jakarta|kotlin|scala|groovy|junit|org\.(?:junit|opentest4j|apache|gradle|hamcrest|assertj|mockito|springframework|hibernate|eclipse)|io\.(?:netty|micronaut|quarkus)|reactor|com\.(?:google|fasterxml))\./;

/** The service's own frames among those of a stack, innermost first, five at most. */
export function keepOwnFrames(raw: readonly RawFrame[], place?: Place): readonly CodeFrame[] {
  const own: CodeFrame[] = [];
  for (const frame of raw) {
    const kept = own.length < mostFrames ? toOwnFrame(frame, place) : undefined;
    if (kept) own.push(kept);
  }
  return own;
}

function toOwnFrame({ file: printed, line, symbol }: RawFrame, place?: Place): CodeFrame | undefined {
  const file = printed.replace(/^file:\/\//, '').replace(/^(?:\.\/)+/, '');
  if (file === '' || file.length > longestPath || foreignPath.test(file)) return undefined;
  if (symbol !== undefined && file.endsWith('.java') && foreignPackage.test(symbol)) return undefined;
  const located = locate(file, place);
  if (!located) return undefined;
  return {
    ...located,
    ...(line === undefined || !Number.isSafeInteger(line) || line < 1 ? {} : { line }),
    ...(symbol ? { symbol: symbol.slice(0, longestSymbol) } : {}),
  };
}

function locate(file: string, place?: Place): Pick<CodeFrame, 'service' | 'file'> | undefined {
  if (!place) return { file };
  if (!file.startsWith('/')) {
    const [, neighbour = '', rest = ''] = /^\.\.\/([^/]+)\/(.+)$/.exec(file) ?? [];
    if (place.services.includes(neighbour)) return { service: neighbour, file: rest };
    return file.startsWith('..') ? undefined : { service: place.workService, file };
  }
  const [, service = '', rest = ''] = belowWorkFolder.exec(file) ?? [];
  return place.services.includes(service) ? { service, file: rest } : undefined;
}

/** Two names of one file where it lies in different folders: the shorter is the end of the longer, or both end in two equal parts. */
export function isSameFile(one: string, other: string): boolean {
  const [a, b] = [one.split('/').toReversed(), other.split('/').toReversed()];
  const wanted = Math.min(a.length, b.length, 2);
  return a.slice(0, wanted).join('/') === b.slice(0, wanted).join('/');
}

/** A file of tests, by the habits of its language: what fails there is the symptom, not the place of the fault. */
export function isTestFile(file: string): boolean {
  return (
    /(?:^|\/)(?:tests?|__tests__|spec|testing)\//i.test(file) ||
    /(?:[._-](?:test|spec)s?\.\w+|_test\.\w+|(?:^|\/)(?:test_[^/]*\.py|conftest\.py)|(?:Tests?|IT)\.java)$/.test(file)
  );
}

/** Where the failure shows: the innermost frame outside of tests; in a test where there is no other. */
export function findTellingFrame(frames: readonly CodeFrame[]): CodeFrame | undefined {
  const located = frames.filter(({ line }) => line !== undefined);
  return located.find(({ file }) => !isTestFile(file)) ?? located[0];
}
