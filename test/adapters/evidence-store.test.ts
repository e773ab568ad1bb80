import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEvidenceStore } from '../../src/adapters/evidence-store.ts';

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(path.join(tmpdir(), 'resident-evidence-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('evidence store', () => {
  it('keeps a body under its digest, once', async () => {
    const store = createEvidenceStore({ folder });
    const first = await store.put('hello');
    const second = await store.put(Buffer.from('hello'));
    expect(first).toEqual({ digest: '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824', bytes: 5 });
    expect(second).toEqual(first);
    expect((await store.get(first.digest)).toString()).toBe('hello');
    expect(await readdir(path.join(folder, '2c', 'f2'))).toEqual([first.digest.slice(4)]);
    expect(await readdir(path.join(folder, 'tmp'))).toEqual([]);
  });

  it('knows what it has', async () => {
    const store = createEvidenceStore({ folder });
    const { digest } = await store.put('x');
    expect([await store.has(digest), await store.has('0'.repeat(64))]).toEqual([true, false]);
  });

  it('gives back a typed body', async () => {
    const store = createEvidenceStore({ folder });
    const body = { kind: 'deploys', service: 'a', deploys: [] } as const;
    const { digest } = await store.putBody(body);
    expect(await store.getBody(digest)).toEqual(body);
  });

  it('never gives back bytes that were changed', async () => {
    const store = createEvidenceStore({ folder });
    const { digest } = await store.put('hello');
    await writeFile(path.join(folder, digest.slice(0, 2), digest.slice(2, 4), digest.slice(4)), 'jello');
    await expect(store.get(digest)).rejects.toMatchObject({ trouble: { kind: 'Corrupt', retryable: false } });
  });

  it('mends a half-written body', async () => {
    const store = createEvidenceStore({ folder });
    const { digest } = await store.put('hello');
    await writeFile(path.join(folder, digest.slice(0, 2), digest.slice(2, 4), digest.slice(4)), 'he');
    await store.put('hello');
    expect((await store.get(digest)).toString()).toBe('hello');
  });

  it('says that a body is missing, and takes no path for a digest', async () => {
    const store = createEvidenceStore({ folder });
    await expect(store.get('0'.repeat(64))).rejects.toMatchObject({ trouble: { kind: 'NotFound' } });
    await expect(store.get('../../etc/passwd')).rejects.toMatchObject({ trouble: { kind: 'BadDigest' } });
  });

  it('is safe for many writers of the same body', async () => {
    const store = createEvidenceStore({ folder });
    const stored = await Promise.all(Array.from({ length: 20 }, () => store.put('same'.repeat(10_000))));
    expect(new Set(stored.map(({ digest }) => digest)).size).toBe(1);
    expect(await readdir(path.join(folder, 'tmp'))).toEqual([]);
  });
});
