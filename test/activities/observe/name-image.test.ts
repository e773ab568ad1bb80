import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nameImage } from '../../../src/activities/observe/name-image.ts';
import { createDeployRecords } from '../../../src/adapters/deploy-records.ts';
import type { ServiceSettings } from '../../../src/domain/settings.ts';

let folder: string;
beforeEach(async () => (folder = await mkdtemp(path.join(tmpdir(), 'resident-image-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

const digestOf = (letter: string) => `registry.example.com/shop@sha256:${letter.repeat(64)}`;

async function name(image: string, lines: readonly object[]) {
  const deploysFile = path.join(folder, 'deploys.jsonl');
  await writeFile(deploysFile, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  const services = { shop: { name: 'shop', deploysFile } as ServiceSettings };
  const now = () => new Date('2026-01-02T00:00:00Z');
  return nameImage({ services, deployRecords: createDeployRecords(), now }, 'shop', image);
}

const deploy = (at: string, rest: object) => ({ service: 'shop', revision: 'abcdef0', at, ...rest });

describe('the image of a sandbox', () => {
  it('is the one that runs, by its digest, where the configuration says so', async () => {
    const lines = [
      deploy('2026-01-01T00:00:00Z', { image: digestOf('a') }),
      deploy('2026-01-01T10:00:00Z', { image: digestOf('b') }),
      deploy('2026-01-01T11:00:00Z', { image: digestOf('c'), status: 'failed' }),
      deploy('2026-01-03T00:00:00Z', { image: digestOf('d') }),
    ];
    expect(await name('deployed', lines)).toBe(digestOf('b'));
    expect(await name('node', lines)).toBe('node');
  });

  it('is not guessed at where the record names none, or only a tag', async () => {
    for (const rest of [{}, { image: 'registry.example.com/shop:latest' }]) {
      expect(await name('deployed', [deploy('2026-01-01T00:00:00Z', rest)])).toMatchObject({
        cannotRun: expect.stringMatching(/names none by digest.*registry\/app@sha256/) as string,
      });
    }
  });
});
