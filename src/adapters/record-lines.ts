import { open } from 'node:fs/promises';

/** Records of one service in a file of JSON lines, in the file's order. */
export interface RecordLines<T> {
  readonly records: readonly T[];
  /** Lines that are no record, with why; they are never guessed at. */
  readonly badLines: readonly { readonly line: number; readonly why: string }[];
  /** Lines of other services. */
  readonly others: number;
}

/** A record with the service that it names; the one that is asked for, where it names none. */
export interface OfService<T> {
  readonly service: string;
  readonly record: T;
}

/** Only the end of a longer file is read: the newest records matter. */
const maxBytes = 8_000_000;

/**
 * Reads the records of a service. `parse` takes the value of one line and gives the record, or says why it is none.
 * @throws what the file system throws where the file cannot be read.
 */
export async function readRecordLines<T>(
  file: string,
  service: string,
  parse: (value: unknown) => OfService<T> | string,
): Promise<RecordLines<T>> {
  const records: T[] = [];
  const badLines: { line: number; why: string }[] = [];
  let others = 0;
  (await readTail(file)).split('\n').forEach((line, index) => {
    if (line.trim() === '') return;
    const parsed = parseLine(line, parse);
    if (typeof parsed === 'string') badLines.push({ line: index + 1, why: parsed });
    else if (parsed.service === service) records.push(parsed.record);
    else others += 1;
  });
  return { records, badLines, others };
}

function parseLine<T>(line: string, parse: (value: unknown) => OfService<T> | string): OfService<T> | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return 'is not JSON (half written?)';
  }
  return parse(value);
}

async function readTail(file: string): Promise<string> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const start = Math.max(0, size - maxBytes);
    const buffer = Buffer.alloc(size - start);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, start);
    const content = buffer.subarray(0, bytesRead).toString('utf8');
    return start === 0 ? content : content.slice(content.indexOf('\n') + 1);
  } finally {
    await handle.close();
  }
}

/** The message of a file of records that cannot be read. */
export function explainUnreadable(what: string, file: string, key: string, cause: unknown): string {
  const why = cause instanceof Error ? cause.message : String(cause);
  return `${what} ${file} cannot be read: ${why}. Check \`${key}\` of the service in resident.yaml.`;
}
