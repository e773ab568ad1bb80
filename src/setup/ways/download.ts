import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Release } from '../releases.ts';
import { runCommand } from '../run-command.ts';
import { pickFiles, WayNotOpen, type Workshop } from './workshop.ts';

/** Fetches the vendor's archive, compares its SHA-256 where the vendor publishes one, and unpacks what is wanted. */
export async function download(release: Release, shop: Workshop): Promise<void> {
  const url = release.url(shop.platform, shop.arch);
  if (!url) throw new WayNotOpen(`the vendor has none for ${shop.platform}-${shop.arch}`);
  const wanted = release.checksums ? await findChecksum(release.checksums, path.basename(url), shop) : undefined;
  const archive = path.join(shop.scratch, 'archive.tar.gz');
  const digest = await fetchToFile(url, archive, shop);
  if (wanted !== undefined && digest !== wanted) {
    throw new Error(`${url} has SHA-256 ${digest}, but the vendor's list says ${wanted}: it was thrown away`);
  }
  const unpacked = path.join(shop.scratch, 'unpacked');
  await mkdir(unpacked);
  const tar = await runCommand('tar', ['-xzf', archive, '-C', unpacked], { env: shop.env, limitMs: 120_000 });
  if (!tar.ok) throw new Error(`${url} cannot be unpacked: ${tar.reason}. ${tar.output}`);
  await pickFiles(unpacked, release.files, shop.out);
}

async function findChecksum(url: string, file: string, shop: Workshop): Promise<string> {
  const watch = watchdog(shop.limits.connectMs, url);
  const response = await ask(url, watch, shop);
  const text = await response.text().finally(watch.done);
  const line = text.split('\n').find((each) => each.trim().endsWith(file));
  const digest = line?.trim().split(/\s+/)[0];
  if (!digest || !/^[0-9a-f]{64}$/.test(digest)) throw new Error(`${url} names no SHA-256 of ${file}`);
  return digest;
}

/** Streams an address into a file; gives the SHA-256 of what came. */
async function fetchToFile(url: string, file: string, shop: Workshop): Promise<string> {
  const watch = watchdog(shop.limits.connectMs, url);
  const response = await ask(url, watch, shop);
  const hash = createHash('sha256');
  const { body } = response;
  if (!body) throw new Error(`${url} answered without a body`);
  const see = async function* (chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      watch.postpone(shop.limits.stallMs);
      hash.update(chunk);
      yield chunk;
    }
  };
  const source = Readable.fromWeb(body);
  await pipeline(source, see, createWriteStream(file), { signal: watch.signal }).catch((error: unknown) => {
    throw watch.signal.aborted ? watch.signal.reason : error;
  });
  watch.done();
  return hash.digest('hex');
}

async function ask(url: string, watch: Watchdog, shop: Workshop): Promise<Response> {
  try {
    const response = await shop.fetch(url, { signal: watch.signal });
    if (!response.ok) throw new Error(`${url} answered ${response.status}`);
    return response;
  } catch (error) {
    watch.done();
    throw error;
  }
}

interface Watchdog {
  readonly signal: AbortSignal;
  readonly postpone: (ms: number) => void;
  readonly done: () => void;
}

function watchdog(firstMs: number, url: string): Watchdog {
  const controller = new AbortController();
  const bark = (ms: number) => () => controller.abort(new Error(`${url} sent nothing for ${ms / 1000} s`));
  let timer = setTimeout(bark(firstMs), firstMs);
  return {
    signal: controller.signal,
    postpone: (ms) => {
      clearTimeout(timer);
      timer = setTimeout(bark(ms), ms);
    },
    done: () => clearTimeout(timer),
  };
}
