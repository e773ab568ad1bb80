import { describe, expect, it } from 'vitest';
import { learnLayout, stripHeader } from '../../../../src/domain/analysis/logs/layout.ts';

const messages = [
  'Accepted order 17 for ana',
  'cache miss for key 12',
  'slow: answered after 812 ms',
  'Retrying',
  'flushed 3 of 20 entries, 17 left',
];
const two = (n: number) => String(n % 60).padStart(2, '0');

/** Forty lines with this header, and their messages as the layout cuts them out. */
function cut(header: (n: number) => string): { readonly cut: readonly string[]; readonly messages: readonly string[] } {
  const told = Array.from({ length: 40 }, (_, n) => messages[(n * 7) % messages.length] ?? '');
  const lines = told.map((message, n) => header(n) + message);
  const layout = learnLayout(lines);
  return { cut: lines.map((line) => (layout ? stripHeader(line, layout) : line)), messages: told };
}

const level = (n: number) => ['INFO', 'WARN', 'ERROR'][n % 3] ?? '';
const program = (n: number) => ['shopd', 'cron', 'store.Cart', 'proxy worker'][n % 4] ?? '';

describe('the header of raw lines is found where it is', () => {
  it.each<[string, (n: number) => string]>([
    ['syslog', (n) => `Jun ${10 + (n % 9)} 15:16:${two(n)} host${n % 3} ${program(n)}[${n}]: `],
    ['date, level, logger', (n) => `2024-05-01 10:00:${two(n)},123 ${level(n)} [main] org.shop.${level(n)}: `],
    [
      'a thread with blanks in brackets',
      (n) => `2024-05-01 10:00:${two(n)} ${level(n)} [IPC handler ${n} on 80] a.B: `,
    ],
    ['bars', (n) => `20240501-10:00:${two(n)}|Store_${n % 4}|3000${n}|`],
    ['brackets', (n) => `[Sun Dec 04 04:47:${two(n)} 2005] [${level(n).toLowerCase()}] `],
    ['a dash behind a program', (n) => `[10.30 16:49:${two(n)}] ${['a.exe', 'b.exe *64'][n % 2]} - `],
    ['one letter for the level', (n) => `05-01 10:00:${two(n)}.120  1702  ${2000 + n} ${'DIWE'[n % 4]} Store: `],
    ['many columns', (n) => `- 11178${n} 2005.06.03 R0${n % 9} 10:00:${two(n)} R0${n % 9} RAS KERNEL ${level(n)} `],
  ])('%s', (_, header) => {
    const { cut: found, messages: expected } = cut(header);
    expect(found).toEqual(expected);
  });

  it('lines without a header stay as they are', () => {
    const { cut: found, messages: expected } = cut(() => '');
    expect(found).toEqual(expected);
  });

  it('a word in brackets at the start of each message is no header without a time', () => {
    const { cut: found } = cut((n) => `[${['Cart', 'Pay'][n % 2]}] `);
    expect(found[0]).toMatch(/^\[Cart\]/);
  });

  it('a line of another form stays as it is', () => {
    const lines = Array.from({ length: 40 }, (_, n) => `10:00:${two(n)} INFO shop: ${messages[n % 5]}`);
    const layout = learnLayout(lines);
    expect(layout && stripHeader('    at Cart.total (cart.js:12:7)', layout)).toBe('    at Cart.total (cart.js:12:7)');
  });

  it('too few lines tell nothing', () => {
    expect(learnLayout(['10:00:01 INFO shop: started'])).toBeUndefined();
  });
});
