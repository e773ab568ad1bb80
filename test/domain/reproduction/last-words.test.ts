import { describe, expect, it } from 'vitest';
import { readLastWords } from '../../../src/domain/reproduction/last-words.ts';

const place = { workService: 'till', services: ['till'] };

describe('the last words of a service', () => {
  it('are the error that ended it, not the version that Node prints below', () => {
    const output = [
      'till: reading the rates',
      '/sandbox/till/main.js:7',
      "    throw new TypeError('no rate for EUR');",
      '    ^',
      '',
      'TypeError: no rate for EUR',
      '    at readRates (/sandbox/till/main.js:7:11)',
      '    at Object.<anonymous> (/sandbox/till/main.js:2:1)',
      '    at node:internal/main/run_main_module:23:47',
      '',
      'Node.js v20.20.2',
      '',
    ].join('\n');
    expect(readLastWords(output, place)).toBe('TypeError: no rate for EUR at main.js:7');
  });

  it('name the module that Node did not find, though no line of the service is in its stack', () => {
    const output = [
      'node:internal/modules/cjs/loader:1210',
      '  throw err;',
      '  ^',
      '',
      "Error: Cannot find module 'express'",
      'Require stack:',
      '- /sandbox/till/main.js',
      '    at Module._resolveFilename (node:internal/modules/cjs/loader:1207:15)',
      '    at node:internal/main/run_main_module:28:49 {',
      "  code: 'MODULE_NOT_FOUND',",
      '}',
      '',
      'Node.js v20.20.2',
    ].join('\n');
    expect(readLastWords(output, place)).toMatch(/^Error: Cannot find module 'express'/);
  });

  it('are of the last error, where an earlier one was survived', () => {
    const crash = (text: string) => `Error: ${text}\n    at start (/sandbox/till/main.js:9:1)\n`;
    expect(
      readLastWords(`${crash('no cache, going on')}ready soon\n${crash('no database')}\nNode.js v20.20.2`, place),
    ).toBe('Error: no database at main.js:9');
  });

  it('are the last line where no error can be read, and nothing where nothing was written', () => {
    expect(readLastWords('starting\nset PORT, please\n\n', place)).toBe('set PORT, please');
    expect(readLastWords('starting\nfetched no rates\n\nNode.js v20.20.2\n', place)).toBe('fetched no rates');
    expect(readLastWords(' \n', place)).toBe('');
  });
});
