import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { listKnownSecrets, loadSettings } from '../../src/config.ts';

test('traces, flags and events are taken with absolute paths, and the token of the trace server is a known secret', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'resident-config-'));
  writeFileSync(path.join(folder, 'token'), 's3cret-t0ken\n');
  writeFileSync(
    path.join(folder, 'resident.yaml'),
    `version: 1
traces: { jaeger: { url: "http://127.0.0.1:10428/select/jaeger", bearer: { file: ./token } } }
services:
  shop: { traces: { service: eu.shop }, flags: { file: flags.jsonl }, events: { file: ./events.jsonl } }
  plain: {}
`,
  );
  const settings = loadSettings(path.join(folder, 'resident.yaml'));
  expect(settings.traces).toEqual({
    jaeger: { url: 'http://127.0.0.1:10428/select/jaeger', bearer: { file: path.join(folder, 'token') } },
  });
  expect(settings.services['shop']).toMatchObject({
    tracedAs: 'eu.shop',
    flagsFile: path.join(folder, 'flags.jsonl'),
    eventsFile: path.join(folder, 'events.jsonl'),
  });
  for (const key of ['tracedAs', 'flagsFile', 'eventsFile']) expect(settings.services['plain']).not.toHaveProperty(key);
  expect(listKnownSecrets(settings)).toContain('s3cret-t0ken');
});
