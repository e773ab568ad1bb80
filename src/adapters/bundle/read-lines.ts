import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';

/** One line with its number, from 1. */
export interface NumberedLine {
  readonly number: number;
  readonly text: string;
}

/** What was read of a file, known when its last line was given. */
export interface FileDigest {
  readonly digest: string;
  readonly bytes: number;
}

/** A series of a month or a large diff is one line; no sound record comes near this. */
const longestLine = 64 * 1024 * 1024;

/**
 * Gives the lines of a file that is plain or packed with gzip (`.gz`), a batch at a time; empty ones are passed over. Memory holds one
 * batch. The returned value of the generator is the SHA-256 of the unpacked bytes and their number.
 * @throws what reading throws, and a RangeError for a line above 64 MiB or a file in UTF-16
 */
export async function* readLines(file: string): AsyncGenerator<readonly NumberedLine[], FileDigest> {
  const source = createReadStream(file, { highWaterMark: 1024 * 1024 });
  // The callback's error reaches the reader through the destroyed stream.
  const stream = file.endsWith('.gz') ? pipeline(source, createGunzip({ chunkSize: 256 * 1024 }), () => {}) : source;
  const hash = createHash('sha256');
  let bytes = 0;
  let number = 0;
  let rest: Buffer = Buffer.alloc(0);
  const take = (text: string): readonly NumberedLine[] => {
    const lines: NumberedLine[] = [];
    for (const line of text.split('\n')) {
      number += 1;
      const clean = number === 1 ? line.replace(/^\ufeff/, '') : line;
      if (clean.trim() !== '') lines.push({ number, text: clean.endsWith('\r') ? clean.slice(0, -1) : clean });
    }
    return lines;
  };
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    if (bytes === 0 && isUtf16(chunk)) throw new RangeError('it is written in UTF-16; write it in UTF-8');
    hash.update(chunk);
    bytes += chunk.length;
    const last = chunk.lastIndexOf(10);
    if (last === -1) {
      rest = Buffer.concat([rest, chunk]);
      if (rest.length > longestLine) throw new RangeError(`line ${number + 1} is longer than 64 MiB`);
      continue;
    }
    const whole = rest.length === 0 ? chunk.subarray(0, last) : Buffer.concat([rest, chunk.subarray(0, last)]);
    // A copy: the chunk's memory is used again.
    rest = Buffer.from(chunk.subarray(last + 1));
    yield take(whole.toString('utf8'));
  }
  if (rest.length > 0) yield take(rest.toString('utf8'));
  return { digest: hash.digest('hex'), bytes };
}

/** By its byte order mark, as programs on Windows write it. */
function isUtf16(head: Buffer): boolean {
  return (head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff);
}
