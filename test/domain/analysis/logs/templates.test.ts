import { describe, expect, it } from 'vitest';
import { maskLine } from '../../../../src/domain/analysis/logs/mask-line.ts';
import { splitLine } from '../../../../src/domain/analysis/logs/split-words.ts';
import { createTemplateMiner, type MinerOptions } from '../../../../src/domain/analysis/logs/templates.ts';

/** Template of each line once all have been read. */
function mine(lines: readonly string[], options: MinerOptions = {}): readonly string[] {
  const miner = createTemplateMiner(options);
  const groups = lines.map((line) => miner.add(line));
  miner.finish();
  return groups.map((group) => group.text());
}

const template = (line: string) => mine([line])[0];
const count = (values: readonly unknown[]) => new Set(values).size;

/** A generator of numbers without chance: the same ones in every run (Park and Miller's). */
function createNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

describe('a word varies by its form', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['numbers', 'read 17 rows of 20', 'read <*> rows of <*>'],
    ['addresses and ports', 'accepted 10.0.0.1:80 as peer', 'accepted <*> as peer'],
    ['hosts', 'no answer from db1.example.com:5432 yet', 'no answer from <*> yet'],
    ['a place in a file', 'failed at Shop.java:41 again', 'failed at <*> again'],
    ['ids', 'order 3f2b7c1e-1111-2222-3333-444455556666 and a64f992', 'order <*> and <*>'],
    ['paths', 'open /var/log/shop.log now', 'open <*> now'],
    ['quantities with units', 'took 12 ms for 3 KB', 'took <*> for <*>'],
    ['dates', 'started at Sun Jul 17 09:16:09 2005', 'started at <*>'],
    ['a date with a comma', 'expires Sun, 06 Nov 1994 08:49:37 GMT or so', 'expires <*> or so'],
    ['addresses of network cards', 'joined ab:5c:ff:00:cd:1e as bssid', 'joined <*> as bssid'],
    ['addresses of IPv6', 'bound to fe80::abcd:ef:12 now', 'bound to <*> now'],
    ['objects in memory', 'closed Session@abc123 early', 'closed <*> early'],
    ['quoted values', 'tag="View Lock", name=x', 'tag="<*>", name=x'],
    ['literals', 'ready is true', 'ready is <*>'],
    ['lists of any length', 'delete 17, 18 and node-1 node-2 node-3', 'delete <*> and node-<*>'],
    ['the number in a name', 'worker-2 stopped', 'worker-<*> stopped'],
  ];
  it.each(cases)('%s', (_, line, expected) => {
    expect(template(line)).toBe(expected);
  });

  it.each([
    ['names of exceptions', 'java.io.IOException: broken pipe'],
    ['packages', 'loaded org.shop.cart.Service'],
    ['words in capitals', 'state is LOOKING'],
    ['a key without a value', 'rhost= user=ana'],
  ])('%s stay', (_, line) => {
    expect(template(line)).toBe(line);
  });
});

describe('the template miner', () => {
  it('merges lines that differ in a word that took three values, and not before', () => {
    const login = (name: string) => `user ${name} logged in from home`;
    expect(count(mine(['ana', 'bob'].map(login)))).toBe(2);
    expect(mine(['ana', 'bob', 'eve'].map(login))).toEqual(Array(3).fill('user <*> logged in from home'));
  });

  it('keeps events apart whose first words differ', () => {
    expect(count(mine(['cron startup succeeded', 'cups startup succeeded', 'ntp startup succeeded']))).toBe(3);
  });

  it('needs twice as many words in capitals, which are mostly states', () => {
    const vote = (state: string) => `peer notified of state ${state} by vote`;
    expect(count(mine(['LOOKING', 'LEADING', 'FOLLOWING'].map(vote)))).toBe(3);
    expect(count(mine(['A', 'B', 'C', 'D', 'E', 'F'].map((one) => vote(one.repeat(4)))))).toBe(1);
  });

  it('merges values of pairs together, though they never differ one at a time', () => {
    const names = ['ana', 'bob', 'eve', 'joe'];
    expect(mine(names.map((name, n) => `lock taken by=${name} for=${names[3 - n]}`))).toEqual(
      Array(4).fill('lock taken by=<*> for=<*>'),
    );
  });

  it('merges lines that differ in two words that come together and only once', () => {
    const lines = ['ana oak', 'bob elm', 'eve ash'].map((pair) => {
      const [one, other] = pair.split(' ');
      return `job of ${one} moved to node ${other} for good`;
    });
    expect(count(mine(lines))).toBe(1);
  });

  it('never merges across scopes', () => {
    const miner = createTemplateMiner();
    const [one, other] = [miner.add('user ana left', 'info'), miner.add('user ana left', 'error')];
    miner.finish();
    expect(one.id).not.toBe(other.id);
  });

  it('takes a port with its host and leaves another number alone, in whatever order they come', () => {
    const lines = ['no answer from cart.store:8080 yet', 'no answer from cart.store:12345678 yet'];
    const expected = ['no answer from <*> yet', 'no answer from cart.store:<*> yet'];
    expect(lines.map(template)).toEqual(expected);
    const miner = createTemplateMiner();
    expect(lines.toReversed().map((line) => miner.add(line).text())).toEqual(expected.toReversed());
  });

  it('keeps a status where it is asked to, and no other number', () => {
    const lines = ['upstream answered 401 after 12 tries', 'upstream answered 503 after 250 tries'];
    expect(mine(lines, { keepStatusAndHost: true })).toEqual([
      'upstream answered 401 after <*> tries',
      'upstream answered 503 after <*> tries',
    ]);
    expect(count(mine(lines))).toBe(1);
  });
});

describe('properties of the miner', () => {
  const words = ['order', 'user', 'cart', 'paid', 'sent', 'failed', 'by', 'for', 'from', 'with'];
  const numbers = createNumbers(7);
  const pick = (list: readonly string[]) => list[numbers(list.length)] ?? '';
  const value = () =>
    [
      String(numbers(1e6)),
      `10.0.${numbers(256)}.${numbers(256)}`,
      `/srv/${numbers(99)}/x.log`,
      `id${numbers(9999)}a7f`,
    ][numbers(4)] ?? '';
  const lines = Array.from({ length: 3_000 }, () =>
    Array.from({ length: 2 + numbers(6) }, () => (numbers(3) === 0 ? value() : pick(words))).join(
      pick([' ', ' ', ', ', '=', ': ']),
    ),
  );

  it('the same line has the same group, wherever it stands', () => {
    const templates = mine([...lines, ...lines]);
    expect(templates.slice(lines.length)).toEqual(templates.slice(0, lines.length));
  });

  it('two runs over the same lines agree', () => {
    expect(mine(lines)).toEqual(mine(lines));
  });

  it('lines of one key have the same words: the quick look-up never says more than the slow one', () => {
    for (const keepStatusAndHost of [false, true]) {
      const wordsOf = new Map<string, string>();
      for (const line of lines) {
        const key = maskLine(line, keepStatusAndHost);
        const split = splitLine(line, keepStatusAndHost).words.join(' ');
        expect(wordsOf.get(key) ?? split, line).toBe(split);
        wordsOf.set(key, split);
      }
      expect(wordsOf.size).toBeLessThan(lines.length);
    }
  });

  it('other numbers make no other group', () => {
    const renumbered = lines.map((line) => line.replace(/\d/g, (one) => String((Number(one) + 3) % 10)));
    const templates = mine([...lines, ...renumbered]);
    // Only digits that made a word look like another kind of word may tell; nearly none do.
    const moved = lines.filter((_, n) => templates[n] !== templates[n + lines.length]).length;
    expect(moved).toBeLessThan(0.02 * lines.length);
  });

  it('every line belongs to a template that reads like it', () => {
    mine(lines).forEach((text, n) => {
      const constants = text.split('<*>').map((part) => part.replace(/\W/g, ''));
      const compact = (lines[n] ?? '').replace(/\W/g, '');
      let at = 0;
      for (const part of constants) {
        const found = compact.indexOf(part, at);
        expect(found, `${lines[n]} in ${text}`).toBeGreaterThanOrEqual(at);
        at = found + part.length;
      }
    });
  });

  it('memory is bounded: lines without anything in common end in a bounded number of groups', () => {
    const mostGroups = 200;
    const letters = 'abcdefghijklmnopqrstuvwxyz';
    const word = () => Array.from({ length: 8 }, () => letters[numbers(26)]).join('');
    const live = new Set<number>();
    const miner = createTemplateMiner({ mostGroups, onMerge: (from) => live.delete(from.id) });
    for (let n = 0; n < 5_000; n++) live.add(miner.add(`${word()} ${word()} ${word()}`).id);
    expect(live.size).toBeLessThanOrEqual(mostGroups + 1);
  });

  it('tells of each group that went into another, so that counts can follow', () => {
    const counts = new Map<unknown, number>();
    const miner = createTemplateMiner({
      onMerge: (from, into) => {
        counts.set(into, (counts.get(into) ?? 0) + (counts.get(from) ?? 0));
        counts.delete(from);
      },
    });
    for (const line of lines) {
      const group = miner.add(line);
      counts.set(group, (counts.get(group) ?? 0) + 1);
    }
    miner.finish();
    expect([...counts.values()].reduce((sum, one) => sum + one, 0)).toBe(lines.length);
    expect(count([...counts.keys()].map((group) => (group as { id: number }).id))).toBe(counts.size);
  });

  it('a line of any length is read in time that its beginning bounds', () => {
    const startedMs = performance.now();
    expect(template(`list ${'x1y2 '.repeat(400_000)}`)).toBe('list <*>');
    expect(performance.now() - startedMs).toBeLessThan(500);
  });
});
