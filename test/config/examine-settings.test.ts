import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { examineSettings } from '../../src/config.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'resident-examine-'));
const head = 'version: 1\npeople: [{ name: ana }]\n';

function examine(text: string) {
  const file = path.join(folder, 'resident.yaml');
  writeFileSync(file, text);
  return examineSettings(file);
}

const tell = (found: { line: number; column: number; path: string; message: string }) =>
  `${found.line}:${found.column} ${found.path} ${found.message}`;
const listFaults = (text: string) => examine(text).faults.map(tell);
const listNotes = (text: string) => examine(text).notes.map(tell);

describe('what is told of a file', () => {
  test('never repeats a secret that stands where a reference belongs', () => {
    const faults = listFaults(`version: 1\npeople: [{ name: ana, token: hunter2 }]\nservices: { a: {} }`);
    expect(faults).toEqual([
      '2:30 people[0].token is text, and a secret never stands in this file itself; put it into a variable or a file and write { env: NAME_OF_A_VARIABLE } or { file: ./path-of-a-file }',
    ]);
    const bearer = listFaults(
      'version: 1\ngateway: { webhooks: { alertmanager: { bearer: hunter2 } } }\nservices: { a: {} }',
    );
    expect(bearer).toEqual([expect.stringMatching(/alertmanager\.bearer is text, and a secret never stands/)]);
    expect([...faults, ...bearer].join()).not.toContain('hunter2');
  });

  test('names a key that is there twice, and hides no other fault for it', () => {
    const faults = listFaults(`${head}services:\n  a: {}\n  b: {}\n  a:\n    mode: x\n    mode: y\n`);
    expect(faults).toEqual([
      '6:3 services.a is there twice, and the second would hide the first; write it once, or give one another name',
      '8:5 services.a.mode is there twice, and the second would hide the first; write it once, or give one another name',
      expect.stringMatching(/^8:11 services\.a\.mode is the text "y"/),
    ]);
  });

  test('notes have a place, and faults elsewhere in the file hide none of them', () => {
    const text = `${head}services:
  shop:
    mode: x
    logs: [{ files: a.log }]
    actions: { deploy.rollback: { command: [d, '{revision}'] } }
`;
    expect(listFaults(text)).toHaveLength(2);
    expect(listNotes(text)).toEqual([
      '1:1 gateway.webhooks is absent: nobody can send alerts; only `resident open` opens incidents',
      '2:10 people[0] (ana) has no token, and can decide through the CLI and Temporal only',
      '4:3 services.shop.source is absent: changes cannot be read, and nothing can be reproduced',
      '7:16 services.shop.actions.deploy.rollback has neither `current` nor `deploys.file`, which tell what runs now, so it could not be undone and is never proposed',
    ]);
  });

  test('a name for the tracing system is a note as long as nothing says where that system is', () => {
    const text = (more: string) => `version: 1\n${more}services:\n  shop: { traces: { service: eu.shop } }\n`;
    const said = expect.stringMatching(
      /^\d+:\d+ services\.shop\.traces says how its traces are found, and nothing says where/,
    ) as unknown;
    expect(listNotes(text(''))).toContainEqual(said);
    expect(listNotes(text('traces: { jaeger: { url: "http://127.0.0.1:16686" } }\n'))).not.toContainEqual(said);
    expect(listFaults(text('traces: { jaeger: { url: localhost } }\n'))).toEqual([
      expect.stringMatching(/traces\.jaeger\.url is the text "localhost"; write a URL such as/),
    ]);
  });

  test('a misspelt key is one fault, and the key that it was meant to be is not missing too', () => {
    expect(listFaults(`${head}traces: { jaegr: { url: "http://127.0.0.1:16686" } }\nservices: { a: {} }\n`)).toEqual([
      expect.stringMatching(/^3:11 traces\.jaegr is not known; did you mean `jaeger`/),
    ]);
    expect(listFaults(`${head}traces: {}\nservices: { a: {} }\n`)).toEqual([
      expect.stringMatching(/traces\.jaeger is missing/),
    ]);
  });

  test('a time zone must be one that exists', () => {
    const write = (zone: string) => `version: 1\nservices:\n  a:\n    logs: [{ files: a.log, timezone: ${zone} }]\n`;
    expect(listFaults(write('Europe/Berlin'))).toEqual([]);
    expect(examine(write('Europe/Berlin')).settings?.services['a']?.logs[0]?.timezone).toBe('Europe/Berlin');
    expect(listFaults(write('Berlin'))).toEqual([
      '4:38 services.a.logs[0].timezone is the text "Berlin"; write the IANA name of a time zone, for example Europe/Berlin',
    ]);
  });

  test.each([
    [
      'a placeholder that nothing replaces, with the one that is meant',
      `${head}services: { a: { approvers: [ana], actions: { deploy.rollback: { command: [d, "{rev}", "{revision}"], current: [c] } } } }`,
      '3:79 services.a.actions.deploy.rollback.command[1] has {rev}, which is no placeholder; did you mean {revision}?',
    ],
    [
      'a placeholder in a command that takes none',
      `${head}services: { a: { approvers: [ana], actions: { service.restart: { command: [r, "{revision}"] } } } }`,
      '3:79 services.a.actions.service.restart.command[1] has {revision}, and nothing is replaced in this command; leave it out',
    ],
    [
      'a variable of a shell where the revision belongs',
      `${head}services: { a: { approvers: [ana], actions: { deploy.rollback: { command: [d, "\${revision}"] } } } }`,
      '3:66 services.a.actions.deploy.rollback.command never gets the revision; put "{revision}" where it belongs, for example [./deploy.sh, "{revision}"]',
    ],
  ])('names %s', (_, text, fault) => {
    expect(listFaults(text)).toEqual([fault]);
  });
});
