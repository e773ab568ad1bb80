import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCollectEvents } from '../../../src/activities/observe/collect-events.ts';
import { createCollectFlags } from '../../../src/activities/observe/collect-flags.ts';
import { createCollectTraces } from '../../../src/activities/observe/collect-traces.ts';
import { createEventRecords } from '../../../src/adapters/event-records.ts';
import { createFlagRecords } from '../../../src/adapters/flag-records.ts';
import type { FoundTrace, Jaeger } from '../../../src/adapters/jaeger/jaeger.ts';
import type {
  EventsBody,
  Evidence,
  EvidenceBody,
  FlagsBody,
  TimeWindow,
  TracesBody,
} from '../../../src/domain/evidence/evidence.ts';
import { at, inputFor, openCase, settingsOf } from './observe-case.ts';

let world: Awaited<ReturnType<typeof openCase>>;
beforeEach(async () => void (world = await openCase()));
afterEach(() => world.close());

const bodyOf = async <T extends EvidenceBody>(evidence: Evidence) =>
  (await world.store.getBody(evidence.digest ?? '')) as T;

async function write(name: string, records: readonly (object | string)[]): Promise<string> {
  const file = path.join(world.folder, name);
  const lines = records.map((record) => (typeof record === 'string' ? record : JSON.stringify(record)));
  await writeFile(file, `${lines.join('\n')}\n`);
  return file;
}

describe('collectFlags', () => {
  const collect = (flagsFile?: string) =>
    createCollectFlags({
      ...world,
      services: { order: settingsOf('order', flagsFile === undefined ? {} : { flagsFile }) },
      flagRecords: createFlagRecords(),
    })(inputFor('order', 'flags'));

  it('tells of the window and of the service alone, oldest first, with ids and without secrets', async () => {
    const file = await write('flags.jsonl', [
      { flag: 'late', at: at(20), from: 'off', to: 'password=hunter2', by: 'ben', ticket: 7 },
      { flag: 'early', at: at(10), service: 'order', id: 'f1' },
      { flag: 'of-user', at: at(10), service: 'user' },
      { flag: 'long-ago', at: '2026-11-20T09:00:00Z' },
      'half a line',
      { flag: 'timeless' },
    ]);
    const evidence = await collect(file);
    expect(evidence).toMatchObject({
      id: 'order/flags/1',
      outcome: 'found',
      summary: `2 changes of flags; last late: off → password=[[SECRET:password]] at ${at(20)}`,
      truncated: expect.stringMatching(/^2 lines passed over \(line 5: is not JSON.*line 6: at: is missing/) as unknown,
    });
    expect((await bodyOf<FlagsBody>(evidence)).flags).toEqual([
      { id: 'f1', service: 'order', flag: 'early', at: at(10) },
      {
        id: `late@${at(20)}`,
        service: 'order',
        flag: 'late',
        at: at(20),
        from: 'off',
        to: 'password=[[SECRET:password]]',
        by: 'ben',
      },
    ]);
  });

  it('without changes, without a file that can be read, and without any, says which', async () => {
    expect(await collect(await write('none.jsonl', []))).toMatchObject({ outcome: 'empty' });
    expect(await collect(path.join(world.folder, 'gone.jsonl'))).toMatchObject({
      outcome: 'failed',
      reason: expect.stringMatching(/gone\.jsonl cannot be read: ENOENT.*`flags\.file`/) as unknown,
    });
    expect(await collect()).toMatchObject({ outcome: 'empty', reason: expect.stringContaining('flags: {') as unknown });
  });
});

describe('collectEvents', () => {
  const collect = (eventsFile?: string) =>
    createCollectEvents({
      ...world,
      services: { order: settingsOf('order', eventsFile === undefined ? {} : { eventsFile }) },
      eventRecords: createEventRecords(),
    })(inputFor('order', 'events'));

  it('tells what lasts into the window, and what is grave in one line', async () => {
    const event = { object: 'Pod/order-1', message: 'Back-off restarting' };
    const file = await write('events.jsonl', [
      { ...event, at: '2026-11-20T09:00:00Z' },
      {
        ...event,
        at: '2026-11-20T09:00:00Z',
        lastAt: at(5),
        count: 9,
        severity: 'warn',
        reason: 'BackOff',
        extra: true,
      },
      { ...event, at: at(31), service: 'user' },
      { ...event, at: at(30), service: 'order' },
    ]);
    const evidence = await collect(file);
    expect(evidence).toMatchObject({
      outcome: 'found',
      summary: expect.stringContaining(
        '2 events, 1 of them warnings or errors; last BackOff of Pod/order-1',
      ) as unknown,
    });
    expect((await bodyOf<EventsBody>(evidence)).events).toEqual([
      { ...event, at: '2026-11-20T09:00:00Z', lastAt: at(5), count: 9, severity: 'warn', reason: 'BackOff' },
      { ...event, at: at(30), severity: 'info' },
    ]);
  });

  it('of too many leaves out those that only inform, the oldest first, and says so', async () => {
    const info = Array.from({ length: 2_100 }, (_, n) => ({ object: `o${n}`, message: 'm', at: at(10) }));
    const grave = { object: 'db', message: 'failover', severity: 'error', at: at(1) };
    const evidence = await collect(await write('many.jsonl', [grave, ...info]));
    const { events } = await bodyOf<EventsBody>(evidence);
    expect(events).toHaveLength(2_000);
    expect(events[0]).toMatchObject({ object: 'db' });
    expect(events.at(-1)).toMatchObject({ object: 'o2099' });
    expect(evidence.truncated).toBe('kept 2000 of 2101 events');
  });

  it('without events, without a file that can be read, and without any, says which', async () => {
    expect(await collect(await write('none.jsonl', []))).toMatchObject({ outcome: 'empty' });
    expect(await collect(world.folder)).toMatchObject({ outcome: 'failed' });
    expect(await collect()).toMatchObject({
      outcome: 'empty',
      reason: expect.stringContaining('events: {') as unknown,
    });
  });
});

describe('collectTraces', () => {
  const collect = (jaeger?: Partial<Jaeger>) => {
    const fail = () => Promise.reject(new Error('connection refused'));
    return createCollectTraces({
      ...world,
      services: { order: settingsOf('order', { tracedAs: 'shop.order' }), user: settingsOf('user') },
      ...(jaeger ? { jaeger: { url: 'http://jaeger.test', findTraces: fail, listServices: fail, ...jaeger } } : {}),
    })(inputFor('order', 'traces'));
  };
  const trace = (id: string, time: string, spans = 1, status: 'ok' | 'error' = 'ok'): FoundTrace => ({
    id,
    spans: Array.from({ length: spans }, (_, n) => ({
      traceId: id,
      id: `${id}-${n}`,
      service: n === 0 ? 'shop.order' : 'user',
      name: 'op',
      at: time,
      durationMs: 1,
      status,
      fields: {},
    })),
  });

  it('asks for as many parts before the incident as in it, by the name of the tracing system', async () => {
    const asked: (TimeWindow & { name: string; limit: number })[] = [];
    await collect({
      findTraces: async (name, window, limit) => {
        asked.push({ ...window, name, limit });
        return [];
      },
      listServices: async () => ['shop.order'],
    });
    expect(asked).toHaveLength(8);
    expect(new Set(asked.map(({ name }) => name))).toEqual(new Set(['shop.order']));
    expect(asked.map(({ from }) => from)).toEqual(
      [0, 7.5, 15, 22.5, 30, 37.25, 44.5, 51.75].map((minute) =>
        new Date(Date.parse(at(0)) + minute * 60_000).toISOString(),
      ),
    );
    expect(asked.at(-1)?.to).toBe(at(59));
  });

  it('keeps whole traces once, under our names, and tells how many fail on each side', async () => {
    const evidence = await collect({
      findTraces: async () => [trace('t2', at(40), 2, 'error'), trace('t1', at(5), 1)],
    });
    expect(evidence).toMatchObject({
      outcome: 'found',
      summary:
        '1 trace, 1 with a failing span; in the baseline before 1 trace, 0 with a failing span; 3 spans of 2 services',
    });
    const { spans } = await bodyOf<TracesBody>(evidence);
    expect(spans.map(({ id, service }) => `${id} ${service}`)).toEqual(['t1-0 order', 't2-0 order', 't2-1 user']);
  });

  it('of more than there is room for keeps whole traces of both sides, and tells what it left', async () => {
    const evidence = await collect({
      findTraces: async (_name, { from }) => Array.from({ length: 50 }, (_, n) => trace(`${from}-${n}`, from, 100)),
    });
    const { spans, incidentFrom } = await bodyOf<TracesBody>(evidence);
    expect(spans).toHaveLength(20_000);
    expect(spans.filter((span) => span.at < incidentFrom)).toHaveLength(10_000);
    expect(evidence.truncated).toContain(
      'at most 50 traces of each of 8 parts of the window were asked for, and 8 had that many',
    );
    expect(evidence.truncated).toContain('kept 200 of 400 traces: they have more than 20000 spans');
  });

  it('with some parts unanswered tells so beside what it has; with all of them it failed', async () => {
    const evidence = await collect({
      findTraces: async (_name, { from }) => {
        if (from === at(30)) throw new Error('too busy');
        return [trace('t', at(5))];
      },
    });
    expect(evidence).toMatchObject({ outcome: 'found', truncated: 'a part of the window was not answered: too busy' });
    expect(await collect({})).toMatchObject({ outcome: 'failed', reason: 'connection refused' });
  });

  it('without traces tells whether the server knows the service, and without a server how to name one', async () => {
    const findTraces = async () => [];
    const unknown = await collect({ findTraces, listServices: async () => ['a', 'b'] });
    expect(unknown).toMatchObject({
      outcome: 'empty',
      reason: expect.stringMatching(/knows no shop\.order.*one of: a, b/) as unknown,
    });
    expect(await collect({ findTraces, listServices: async () => ['shop.order'] })).toMatchObject({
      outcome: 'empty',
      reason: expect.stringContaining('no request') as unknown,
    });
    expect(await collect({ findTraces })).toMatchObject({ outcome: 'empty' });
    expect(await collect()).toMatchObject({
      outcome: 'empty',
      reason: expect.stringContaining('traces.jaeger.url') as unknown,
    });
  });
});
