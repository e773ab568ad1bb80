import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { ConfigError, loadSettings } from '../../src/config.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'resident-config-'));

function load(sandbox: string) {
  const file = path.join(folder, 'resident.yaml');
  writeFileSync(file, `version: 1\n${sandbox}services:\n  shop: {}\n`);
  return loadSettings(file).sandbox;
}

test('the sandbox worker has a runtime and a number of places when the file says so, and none of both otherwise', () => {
  expect(load('')).toEqual({});
  expect(load('sandbox: { runtime: runsc, concurrent: 4 }\n')).toEqual({ runtime: 'runsc', concurrent: 4 });
});

test.each([
  ['sandbox: { runtime: "--privileged" }\n', /runtime .*the name of a runtime, for example runsc/],
  ['sandbox: { concurrent: 0 }\n', /concurrent .*a whole number from 1 to 256/],
  ['sandbox: { concurent: 2 }\n', /concurent/],
])('%s is a fault that says what to write instead', (text, message) => {
  try {
    load(text);
    expect.unreachable();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(error.faults.map((fault) => `${fault.path} ${fault.message}`).join('\n')).toMatch(message);
  }
});
