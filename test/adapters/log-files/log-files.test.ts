import { appendFile, mkdir, mkdtemp, open, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogFiles, type LogFilesOptions } from '../../../src/adapters/log-files/log-files.ts';
import { createRedact } from '../../../src/domain/redaction.ts';

const window = { from: '2026-11-21T09:00:00Z', to: '2026-11-21T10:00:00Z' };
const incidentFrom = '2026-11-21T09:30:00Z';

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(path.join(tmpdir(), 'resident-logs-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

const file = (name: string) => path.join(folder, name);
const at = (minute: number, second = 0) =>
  `2026-11-21T09:${String(minute).padStart(2, '0')}:${String(second).padStart(2, '0')}.000Z`;
const json = (time: string, msg: string, level = 'info') => `${JSON.stringify({ time, level, msg })}\n`;

function read(options: Partial<LogFilesOptions> = {}, files = 'order*.log') {
  const logFiles = createLogFiles({ redact: createRedact(), ...options });
  return logFiles.read({ sources: [{ files: file(files), format: 'auto' }], window, incidentFrom });
}

describe('log files', () => {
  it('of every rotation are read, each once, in order of time', async () => {
    await writeFile(file('order.log'), json(at(50), 'f'));
    await writeFile(file('order.log.1'), json(at(40), 'e'));
    await writeFile(file('order.log.2.gz'), gzipSync(json(at(30), 'd')));
    await writeFile(file('order-2026-11-21.log'), json(at(20), 'c'));
    await writeFile(file('order.log-20261121'), json(at(10), 'b'));
    await writeFile(file('order-20261121T091500.581Z.log'), json(at(15), 'B'));
    await writeFile(file('order.2026-11-21.log.gz'), gzipSync(json(at(5), 'a')));
    await symlink(file('order.log'), file('order-current.log'));
    const literal = await read({}, 'order.log');
    expect(literal.lines.map((line) => line.message).join('')).toBe('abBcdef');
    const { lines } = await read();
    expect(lines.map((line) => line.message).join('')).toBe('abBcdef');
  });

  it('of another service with a longer name are not taken for rotated ones', async () => {
    await writeFile(file('order.log'), json(at(1), 'ours'));
    await writeFile(file('order-worker.log'), json(at(1), 'theirs'));
    await writeFile(file('order.log.swp'), json(at(1), 'editor'));
    const { lines } = await read({}, 'order.log');
    expect(lines.map((line) => line.message)).toEqual(['ours']);
  });

  it('that are packed otherwise are named', async () => {
    await writeFile(file('order.log.1.zst'), 'x');
    await writeFile(file('order.log'), json(at(1), 'x'));
    expect((await read({}, 'order.log')).notes.join()).toContain('order.log.1.zst');
  });

  it('give only lines of the window, its first moment included and its last not', async () => {
    const lines = ['2026-11-21T08:59:59.999Z', window.from, '2026-11-21T09:59:59.999Z', window.to].map((time) =>
      json(time, time),
    );
    await writeFile(file('order.log'), lines.join(''));
    expect((await read()).lines.map((line) => line.message)).toEqual([window.from, '2026-11-21T09:59:59.999Z']);
  });

  it('join stack traces to their line, and lines without a time follow the one before', async () => {
    await writeFile(
      file('order.log'),
      [
        '2026-11-21 09:40:00,000 ERROR shop: charge failed',
        'Traceback (most recent call last):',
        '  File "a.py", line 1, in f',
        'ValueError: bad token',
        'plain line of a print',
        '2026-11-21 09:41:00,000 INFO shop: ok',
        '{"time":"2026-11-21T09:42:00Z","level":"error","msg":"mixed"}',
      ].join('\n'),
    );
    const { lines, seen, firstErrorAt } = await read();
    expect(lines.map((line) => [line.at.slice(11, 16), line.level, line.message.split('\n').length])).toEqual([
      ['09:40', 'error', 4],
      ['09:40', 'info', 1],
      ['09:41', 'info', 1],
      ['09:42', 'error', 1],
    ]);
    expect(seen).toMatchObject({ lines: 4, errors: 2 });
    expect(firstErrorAt).toBe(at(40));
  });

  it('without any time count as of their last change', async () => {
    await writeFile(file('order.log'), 'one\ntwo\n');
    await utimes(file('order.log'), new Date(at(45)), new Date(at(45)));
    expect((await read()).lines.map((line) => line.at)).toEqual([at(45), at(45)]);
  });

  it('over the cap keep every warning and error, rare lines, and an even share of the rest', async () => {
    const lines = Array.from({ length: 6_000 }, (_, n) => json(at(Math.floor(n / 100), n % 60), `served request ${n}`));
    lines.splice(1_234, 0, json(at(12), 'configuration reloaded'));
    for (let n = 0; n < 150; n += 1) lines.push(json(at(59), `upstream ${n} answered 401`, 'error'));
    await writeFile(file('order.log'), lines.join(''));
    const { lines: kept, notes, seen } = await read({ limits: { lines: 1_000, bytes: 4_000_000 } });
    expect(seen.lines).toBe(6_151);
    expect(kept.length).toBeLessThanOrEqual(1_000);
    expect(kept.filter((line) => line.level === 'error')).toHaveLength(150);
    expect(kept.some((line) => line.message === 'configuration reloaded')).toBe(true);
    const halves = [
      kept.filter((line) => line.at < incidentFrom).length,
      kept.filter((line) => line.at >= incidentFrom && line.level === 'info').length,
    ];
    expect(Math.abs((halves[0] ?? 0) - (halves[1] ?? 0))).toBeLessThan(100);
    expect(notes[0]).toMatch(/^kept \d+ of 6151 lines: all 150 warnings and errors/);
  });

  it('stay under the cap of bytes', async () => {
    await writeFile(
      file('order.log'),
      Array.from({ length: 2_000 }, (_, n) => json(at(n % 60), `${n} ${'x'.repeat(500)}`)).join(''),
    );
    const { lines } = await read({ limits: { lines: 20_000, bytes: 100_000 } });
    expect(JSON.stringify(lines).length).toBeLessThan(120_000);
    expect(lines.length).toBeGreaterThan(100);
  });

  it('that are large are sought through, not read whole', async () => {
    const handle = await open(file('order.log'), 'w');
    const start = Date.parse('2026-11-20T00:00:00Z');
    let buffer = '';
    for (let n = 0; n < 170_000; n += 1) {
      buffer += json(
        new Date(start + n * 1_000).toISOString(),
        `line ${n} ${'y'.repeat(60)}`,
        n % 50 === 0 ? 'error' : 'info',
      );
      if (buffer.length > 1_000_000) await handle.write(buffer.slice(0)).then(() => (buffer = ''));
    }
    await handle.write(buffer);
    await handle.close();
    // The file holds 22 MB, an hour of it about half a MB.
    const { seen, lines, notes } = await read({ maxReadBytes: 4_000_000 });
    expect(seen.lines).toBe(3_600);
    expect(lines).toHaveLength(3_600);
    expect(notes).toEqual([]);
  });

  it('with more than may be read give the incident first, and say so', async () => {
    const start = Date.parse(window.from);
    const body = Array.from({ length: 60_000 }, (_, n) =>
      json(new Date(start + n * 60).toISOString(), `line ${n} ${'z'.repeat(80)}`),
    );
    await writeFile(file('order.log'), body.join(''));
    const { lines, notes } = await read({ maxReadBytes: 2_000_000 });
    expect(lines[0]?.at.slice(11, 15)).toBe('09:2');
    expect(notes.join()).toContain('limit of time or bytes');
  });

  it('shrinking, vanishing or rotated while they are read do not stop the reading', async () => {
    await writeFile(file('order.log'), json(at(10), 'old'));
    const logFiles = createLogFiles({ redact: createRedact() });
    const question = { sources: [{ files: file('order*.log'), format: 'auto' as const }], window, incidentFrom };
    let isDone = false;
    const churn = (async () => {
      for (let n = 0; !isDone && n < 500; n += 1) {
        await appendFile(file('order.log'), json(at(20), `new ${n}`).repeat(50));
        if (n % 5 === 0) await rename(file('order.log'), file('order.log.1')).catch(() => undefined);
        if (n % 7 === 0) await writeFile(file('order.log'), '');
      }
    })();
    for (let round = 0; round < 20; round += 1) expect((await logFiles.read(question)).files).toBeDefined();
    isDone = true;
    await churn;
  });

  it('with damage give what can be read', async () => {
    const whole = gzipSync(json(at(10), 'x').repeat(5_000));
    await writeFile(file('order.log.1.gz'), whole.subarray(0, whole.length - 20));
    await writeFile(
      file('order.log'),
      Buffer.concat([
        Buffer.from(json(at(20), 'good')),
        Buffer.from([0xff, 0xfe, 0, 10]),
        Buffer.from('{"time":"2026'),
      ]),
    );
    const { lines, notes } = await read({}, 'order.log');
    expect(lines.some((line) => line.message === 'good')).toBe(true);
    expect(notes.join()).toContain('order.log.1.gz could not be read');
  });

  it('give up their secrets before anything is kept', async () => {
    await writeFile(
      file('order.log'),
      `${JSON.stringify({ time: at(1), msg: 'login password=hunter2', headers: { authorization: 'Bearer abcdef123456' }, password: 'plain' })}\n`,
    );
    const text = JSON.stringify((await read()).lines);
    for (const secret of ['hunter2', 'abcdef123456', 'plain"']) expect(text).not.toContain(secret);
  });

  it('that nobody has written yet are an answer, not an error', async () => {
    await mkdir(file('deep'));
    expect(await read({}, 'deep/none*.log')).toMatchObject({ files: [], lines: [] });
    expect(await read({}, 'absent/none*.log')).toMatchObject({ files: [], lines: [] });
  });
});
