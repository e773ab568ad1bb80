/** Why a body was not taken; `status` is the HTTP answer. */
export interface BodyRefusal {
  readonly status: 400 | 413 | 415;
  readonly reason: string;
}

export type BodyResult =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly refusal: BodyRefusal };

/** No sender nests deeper than a handful of levels. */
const maxDepth = 32;

/** Reads a JSON body of at most `maxBytes`, counted while it streams in. */
export async function readJson(request: Request, maxBytes: number): Promise<BodyResult> {
  const encoding = request.headers.get('content-encoding');
  if (encoding !== null && encoding.toLowerCase() !== 'identity') {
    return refuse(415, `A body with Content-Encoding ${encoding.slice(0, 40)} is not read; send it as it is.`);
  }
  const tooLarge = refuse(413, `The body is larger than ${maxBytes} bytes (gateway.maxBodyKilobytes).`);
  const length = request.headers.get('content-length');
  if (Number(length ?? 0) > maxBytes) return tooLarge;
  // Node's HTTP parser holds a body to the length that it tells, and reading it whole spares a stream for every alert.
  const bytes = length === null ? await readBytes(request, maxBytes) : new Uint8Array(await request.arrayBuffer());
  if (!bytes || bytes.byteLength > maxBytes) return tooLarge;
  return parse(bytes);
}

async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array | undefined> {
  const reader = (request.body as ReadableStream<Uint8Array> | null)?.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  while (reader) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.byteLength;
    if (size > maxBytes) {
      await reader.cancel();
      return undefined;
    }
    chunks.push(value);
  }
  return Buffer.concat(chunks);
}

function parse(bytes: Uint8Array): BodyResult {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return refuse(400, 'The body is not UTF-8.');
  }
  if (isDeeperThan(text, maxDepth)) return refuse(400, `The body nests deeper than ${maxDepth} levels.`);
  try {
    // A reviver makes parsing several times slower, and only these texts can spell the key that it drops.
    const reviver = text.includes('__proto__') || text.includes('\\u') ? dropPrototype : undefined;
    return { ok: true, value: JSON.parse(text, reviver) as unknown };
  } catch {
    return refuse(400, 'The body is not JSON.');
  }
}

/** A key of this name would change an object's prototype when it is copied. */
function dropPrototype(key: string, value: unknown): unknown {
  return key === '__proto__' ? undefined : value;
}

/** Counted on the text, before anything recursive sees it. */
function isDeeperThan(text: string, limit: number): boolean {
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    const character = text.charCodeAt(index);
    if (character === quote) index = endOfText(text, index);
    else if (character === openBrace || character === openBracket) {
      depth += 1;
      if (depth > limit) return true;
    } else if (character === closeBrace || character === closeBracket) depth -= 1;
  }
  return false;
}

const [quote, openBrace, openBracket, closeBrace, closeBracket] = [34, 123, 91, 125, 93];
const backslash = 92;

/** Where the text ends that begins at `start`, or the last index when it does not end. */
function endOfText(text: string, start: number): number {
  for (let index = start + 1; index < text.length; index++) {
    const character = text.charCodeAt(index);
    if (character === backslash) index += 1;
    else if (character === quote) return index;
  }
  return text.length;
}

function refuse(status: BodyRefusal['status'], reason: string): BodyResult {
  return { ok: false, refusal: { status, reason } };
}
