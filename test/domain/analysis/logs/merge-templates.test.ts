import { describe, expect, it } from 'vitest';
import { splitLine } from '../../../../src/domain/analysis/logs/split-words.ts';
import { createTemplateMiner, type MinerOptions } from '../../../../src/domain/analysis/logs/templates.ts';

/** The templates of lines once all have been read, each told once. */
function templatesOf(lines: readonly string[], options: MinerOptions = {}): readonly string[] {
  const miner = createTemplateMiner(options);
  const groups = lines.map((line) => miner.add(line));
  miner.finish();
  return [...new Set(groups.map((group) => group.text()))].sort();
}

const names = ['ana', 'bob', 'eve', 'joe', 'kim', 'lea'];
const places = ['attic', 'cellar', 'garden', 'hall', 'kitchen', 'yard'];

describe('templates merge', () => {
  it('where they differ in words that few others share, though those come in pairs and more than once', () => {
    const lines = names.flatMap((name, n) => [
      `moved the parcel of ${name} from shelf to ${places[n]} as ordered`,
      `moved the parcel of ${name} from stock to ${places[n]} as ordered`,
    ]);
    expect(templatesOf(lines)).toEqual([
      'moved the parcel of <*> from shelf to <*> as ordered',
      'moved the parcel of <*> from stock to <*> as ordered',
    ]);
  });

  it('at two values of `key=value` or in brackets, where a plain word takes three', () => {
    const write = (form: (name: string) => string) => templatesOf(names.slice(0, 2).map(form));
    expect(write((name) => `session was opened owner=${name}`)).toEqual(['session was opened owner=<*>']);
    expect(write((name) => `session was opened [${name}] again`)).toEqual(['session was opened [<*>] again']);
    expect(write((name) => `session was opened by ${name}`)).toHaveLength(2);
  });

  it('never at a key', () => {
    expect(templatesOf(names.map((name) => `the limit was reached ${name}=17`))).toHaveLength(names.length);
    expect(templatesOf(names.map((name) => `the limit was reached {"${name}":17}`))).toHaveLength(names.length);
  });

  it('at the first word once it has six values, and three where much of the line stays', () => {
    expect(templatesOf(names.map((name) => `${name} left the queue`))).toEqual(['<*> left the queue']);
    expect(templatesOf(names.slice(1).map((name) => `${name} left the queue`))).toHaveLength(5);
    expect(templatesOf(names.slice(3).map((name) => `${name} left the queue of orders for good`))).toEqual([
      '<*> left the queue of orders for good',
    ]);
  });
});

describe('a line is split so that', () => {
  it('the words of a quoted message are read, and those of any other quoted value are not', () => {
    const write = (key: string) => templatesOf([`level=info ${key}="order is paid" late=no`]);
    for (const key of ['msg', 'message', 'err', 'error'])
      expect(write(key)).toEqual([`level=info ${key}="order is paid" late=no`]);
    expect(write('title')).toEqual(['level=info title="<*>" late=no']);
  });

  it('a list goes on behind a comma and ends at a colon', () => {
    expect(splitLine('rows 17, 18, 19 of 20', false).words).toEqual(['rows', '<*>', 'of', '<*>']);
    expect(splitLine('rows 17, 18: 19 of 20', false).words).toEqual(['rows', '<*>', '<*>', 'of', '<*>']);
  });
});

describe('for people', () => {
  const options = { keepStatusAndHost: true };

  it.each([
    [
      'POST https://pay.example.com/v1/charges/17?x=1 503 in 12 ms',
      'POST https://pay.example.com/<*>?x=<*> 503 in <*>',
    ],
    ['GET "http://payments:8080/charge/17" -> 502', 'GET "http://payments:<*>" -> 502'],
    ['cannot reach https://10.0.0.7/charge now', 'cannot reach https://<*> now'],
    ['no answer from db1.example.com:5432 yet', 'no answer from db<*>.example.com:<*> yet'],
    ['connect to payments:8080 was refused', 'connect to payments:<*> was refused'],
    ['"GET /cart/17 HTTP/1.1" 404 in 512 µs', '"GET <*>" 404 in <*> µs'],
    ['{"statusCode":429,"count":429}', '{"statusCode":429,"count":<*>}'],
    ['read /var/log/shop.log 512 times', 'read <*> times'],
  ])('host and status stay, path and numbers vary: %s', (line, template) => {
    expect(templatesOf([line], options)).toEqual([template]);
  });

  it('the same line is told without host and status where parsers are compared', () => {
    expect(templatesOf(['POST https://pay.example.com/v1/charges/17 503 in 12 ms'])).toEqual(['POST https:<*> in <*>']);
  });

  it('statuses are never merged, nor hosts as long as they are few', () => {
    const called = (host: string, status: number) =>
      `POST https://${host}/orders/17 answered ${status} to order of ${host.length}`;
    const statuses = [401, 404, 429, 500, 502, 503, 504];
    expect(
      templatesOf(
        statuses.map((status) => called('shop.example', status)),
        options,
      ),
    ).toHaveLength(7);
    expect(
      templatesOf(
        names.map((name) => called(name, 503)),
        options,
      ),
    ).toHaveLength(6);
    expect(
      templatesOf(
        names.map((name) => `connect to ${name}.example.com was refused`),
        options,
      ),
    ).toHaveLength(6);
    const letters = Array.from({ length: 26 }, (_, n) => String.fromCharCode(97 + n));
    expect(
      templatesOf(
        letters.map((one) => called(`${one}-shop`, 503)),
        options,
      ),
    ).toEqual(['POST https://<*> answered 503 to order of <*>']);
  });
});
