import { describe, expect, it } from 'vitest';
import {
  inferLevel,
  levelOfStatus,
  readLevel,
  readPythonLevel,
  readSeverityNumber,
} from '../../../../src/domain/analysis/logs/levels.ts';

describe('the value of a level key', () => {
  it.each([
    ['debug', ['trace', 'DEBUG', 'verbose', 'silly', 'FINEST', 'dbug', 'D2', 'DEBUG-4', 10, 20, '20', 7, 10_000]],
    ['info', ['info', 'Information', 'notice', 'Note', 'LOG', 'INFO+2', 'i', 30, '30', 6, 5, 20_000]],
    ['warn', ['warn', 'WARNING', 'wrn', 'W', 40, 4, '4', 30_000]],
    ['error', ['error', 'ERR', 'fatal', 'Critical', 'dpanic', 'SEVERE', 'emerg', 'alert', 50, 60, 0, 3, '3', 40_000]],
  ] as const)('is %s for its words and numbers', (level, values) => {
    for (const value of values) expect([value, readLevel(value)]).toEqual([value, level]);
  });

  it('is none for anything else', () => {
    for (const value of ['', 'high', 'DEFAULT', '+2', -1, 9, 200, NaN, true, null, undefined, {}])
      expect([value, readLevel(value)]).toEqual([value, undefined]);
  });

  it('is read by its own scale where the key is of Python or OpenTelemetry', () => {
    expect([10, 20, 30, 40, 50, '40'].map(readPythonLevel)).toEqual([
      ...['debug', 'info', 'warn', 'error', 'error'],
      undefined,
    ]);
    expect([0, 1, 8, 9, 12, 13, 17, 24, 25].map(readSeverityNumber)).toEqual([
      ...[undefined, 'debug', 'debug', 'info', 'info', 'warn', 'error', 'error', undefined],
    ]);
  });
});

describe('the level of a text', () => {
  it.each([
    ['error', 'FATAL: the database system is starting up'],
    ['error', 'fatal error: all goroutines are asleep'],
    ['error', '[critical] worker is gone'],
    ['error', 'app.CRITICAL: cannot save'],
    ['error', 'fail: Shop.Orders[0] cannot save'],
    ['error', '<11>Nov 21 web app: cannot save'],
    ['warn', '0 [Warning] Aborted connection 7'],
    ['warn', '<12>Nov 21 web app: cannot save'],
    ['info', 'NOTICE: table is there already, creation failed'],
    ['info', '[notice] 7#7: signal process started after exception'],
    ['info', '0 [Note] failed login is logged'],
    ['info', '<14>Nov 21 web app: retry after a timeout'],
    ['debug', 'TRACE o.s.Cart - exception handler is set'],
    ['debug', 'trce: Shop[0] error handler is set'],
  ])('is %s where it is stated: %s', (level, text) => {
    expect(inferLevel(text)).toBe(level);
  });

  it.each([
    ['error', 'panic: runtime error'],
    ['error', 'I could not save: TimeoutException'],
    ['warn', 'connection refused by peer'],
    ['info', 'finished with 0 errors, error=0'],
  ])('is %s by its words where it is not: %s', (level, text) => {
    expect(inferLevel(text)).toBe(level);
  });
});

it('of an access line follows its status: 5xx is our trouble, 4xx that of the caller', () => {
  expect([200, 304, 404, 499, 500, 503].map(levelOfStatus)).toEqual([
    ...['info', 'info', 'warn', 'warn', 'error', 'error'],
  ]);
});
