import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { run } from '../../src/cli/run.ts';

let err = '';
let folder = '';

beforeEach(() => {
  err = '';
  folder = mkdtempSync(path.join(tmpdir(), 'resident-cli-images-'));
  writeFileSync(path.join(folder, 'resident.yaml'), 'version: 1\nservices: { till: {} }\n');
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => Boolean((err += String(text))) || true);
});

afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

const images = (...args: readonly string[]) => run(['images', ...args, '--config', path.join(folder, 'resident.yaml')]);

describe('a name that `resident images` does not know', () => {
  test('is told as an unknown sub-command where one may stand, with those that there are', async () => {
    expect(await images('frobnicate')).toBe(2);
    expect(err).toContain('`resident images` has no sub-command frobnicate');
    expect(err).toContain('list, build, verify, prune');
  });

  test('is told as a service without a sandbox behind a sub-command, and where it is a service', async () => {
    expect(await images('list', 'frobnicate')).toBe(2);
    expect(err).toBe('No `sandbox` is configured for frobnicate; none has one.\n');
    err = '';
    expect(await images('till')).toBe(2);
    expect(err).toBe('No `sandbox` is configured for till; none has one.\n');
  });
});
