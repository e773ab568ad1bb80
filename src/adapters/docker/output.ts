export interface KeptOutput {
  readonly output: Buffer;
  /** All that was written, kept or not. */
  readonly totalBytes: number;
}

/** A command that writes this many times what is kept is flooding: it is ended instead of drained for ever. */
const floodFactor = 32;
const headerBytes = 8;

/** Keeps the first and the last half of the allowed bytes, for a failure shows at either end; says so where it cut. */
export function createOutputKeeper(maxBytes: number) {
  const half = Math.floor(maxBytes / 2);
  const head: Buffer[] = [];
  let tail: Buffer[] = [];
  let headSize = 0;
  let tailSize = 0;
  let totalBytes = 0;
  const trimTail = () => {
    const joined = Buffer.concat(tail);
    tail = [Buffer.from(joined.subarray(Math.max(0, joined.length - half)))];
    tailSize = tail[0]!.length;
  };
  return {
    add(bytes: Buffer): 'kept' | 'flooded' {
      totalBytes += bytes.length;
      const first = bytes.subarray(0, half - headSize);
      if (first.length > 0) head.push(first);
      headSize += first.length;
      const rest = bytes.subarray(first.length);
      if (rest.length > 0) tail.push(rest);
      tailSize += rest.length;
      if (tailSize > 2 * half) trimTail();
      return totalBytes > floodFactor * maxBytes ? 'flooded' : 'kept';
    },
    finish(): KeptOutput {
      if (tailSize > half) trimTail();
      const left = totalBytes - headSize - tailSize;
      const notice = left > 0 ? [Buffer.from(`\n[${left} bytes of output left out here]\n`)] : [];
      return { output: Buffer.concat([...head, ...notice, ...tail]), totalBytes };
    },
  };
}

/** Takes the engine's stream apart: frames of an 8-byte header (stream number, big-endian length) and their bytes. */
export function splitFrames(onBytes: (bytes: Buffer) => void): (chunk: Buffer) => void {
  let header = Buffer.alloc(0);
  let left = 0;
  return (chunk) => {
    let rest = chunk;
    while (rest.length > 0) {
      if (left > 0) {
        const bytes = rest.subarray(0, left);
        left -= bytes.length;
        rest = rest.subarray(bytes.length);
        onBytes(bytes);
        continue;
      }
      const wanted = headerBytes - header.length;
      header = Buffer.concat([header, rest.subarray(0, wanted)]);
      rest = rest.subarray(wanted);
      if (header.length === headerBytes) {
        left = header.readUInt32BE(4);
        header = Buffer.alloc(0);
      }
    }
  };
}
