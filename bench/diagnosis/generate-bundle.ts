import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { once } from 'node:events';
import { createHash } from 'node:crypto';
import { makeRandom } from '../../test/fakes/random.ts';

export interface BundleSize {
  readonly lines: number;
  readonly services: number;
  /** Each service has four series for each of them. */
  readonly instances: number;
  /** In each series. */
  readonly points: number;
  readonly seed: number;
}

export interface GeneratedBundle {
  readonly lines: number;
  readonly points: number;
  readonly series: number;
  readonly spans: number;
  readonly changes: number;
  readonly bytes: number;
  readonly culprit: { readonly service: string; readonly change: string };
}

const fromMs = Date.parse('2026-11-20T10:00:00.000Z');
const spanMs = 90 * 60_000;
const brokenMs = fromMs + 65 * 60_000;
const incidentFrom = new Date(fromMs + 60 * 60_000).toISOString();
const iso = (ms: number) => new Date(Math.round(ms)).toISOString();

type Random = () => number;

/**
 * Writes a bundle of any size: a fleet whose services call others further down, one of which gets a commit that breaks it; those above it
 * fail at it. Nothing of it lies in memory as a whole, and a seed gives the same bytes each time.
 */
export async function generateBundle(folder: string, size: BundleSize): Promise<GeneratedBundle> {
  const { lines, services, instances, points, seed } = size;
  const random = makeRandom(seed);
  const names = Array.from({ length: services }, (_, i) => nameService(i));
  const dependencies = Object.fromEntries(names.map((name, i) => [name, listCallees(i, services).map(nameService)]));
  const path0 = descend(services);
  const culprit = path0.at(-1) ?? 0;
  const sums = { lines: 0, points: 0, series: 0, spans: 0, changes: 0, bytes: 0 };
  // A few services write most of the lines, as everywhere.
  const shares = names.map((_, i) => 1 / (1 + (i % 20)));
  const total = shares.reduce((sum, share) => sum + share, 0);
  let change = '';
  for (const [i, name] of names.entries()) {
    const role = i === culprit ? 'culprit' : path0.includes(i) ? 'victim' : 'well';
    const wanted = i === services - 1 ? lines - sums.lines : Math.floor((lines * (shares[i] ?? 0)) / total);
    const callee = role === 'victim' ? nameService(path0[path0.indexOf(i) + 1] ?? culprit) : '';
    const own = { folder, name, role, callee, random } as const;
    sums.bytes += await writeRecords(own, 'logs', makeLines(own, wanted));
    const series = Array.from({ length: instances }, (_, n) => makeSeries(own, `${name}-${n}`, points)).flat();
    sums.bytes += await writeRecords(own, 'metrics', series);
    const spans = [...makeSpans(own, i)];
    sums.bytes += await writeRecords(own, 'traces', spans);
    const commits = makeCommits(own);
    sums.bytes += await writeRecords(own, 'changes', commits);
    sums.bytes += await writeRecords(own, 'deploys', makeDeploys(commits));
    if (role === 'culprit') change = commits.at(-1)?.id ?? '';
    sums.lines += wanted;
    sums.series += series.length;
    sums.points += series.reduce((sum, item) => sum + item.points.length, 0);
    sums.spans += spans.length;
    sums.changes += commits.length;
  }
  const first = nameService(0);
  const alert = { name: 'HighErrorRate', service: first, startsAt: iso(brokenMs + 120_000), summary: `${first} fails` };
  await writeFile(path.join(folder, 'alerts.ndjson'), `${JSON.stringify(alert)}\n`);
  const window = { from: iso(fromMs), to: iso(fromMs + spanMs) };
  const manifest = { bundle: 1, service: first, window, incidentFrom, dependencies };
  await writeFile(path.join(folder, 'bundle.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  return { ...sums, culprit: { service: nameService(culprit), change } };
}

const words = ['cart', 'order', 'stock', 'price', 'user', 'search', 'mail', 'ledger', 'media', 'quota'];
const nameService = (i: number) => `${words[i % words.length]}-${Math.floor(i / words.length)}-service`;
const listCallees = (i: number, services: number) => [2 * i + 1, 2 * i + 2].filter((callee) => callee < services);

/** From the top down to a service without callees, always by the second callee. */
function descend(services: number): readonly number[] {
  const found = [0];
  for (;;) {
    const next = listCallees(found.at(-1) ?? 0, services).at(-1);
    if (next === undefined) return found;
    found.push(next);
  }
}

interface Own {
  readonly folder: string;
  readonly name: string;
  readonly role: 'culprit' | 'victim' | 'well';
  readonly callee: string;
  readonly random: Random;
}

function* makeLines({ name, role, callee, random }: Own, wanted: number): Generator<object> {
  const stack = `TypeError: Cannot read properties of undefined (reading 'amount')\n    at roundTotal (src/totals.js:41:18)\n    at settle (src/settle.js:17:9)`;
  for (let i = 0; i < wanted; i++) {
    const atMs = fromMs + (spanMs * (i + random())) / wanted;
    const id = Math.floor(random() * 1e9).toString(16);
    const isBroken = role !== 'well' && atMs >= brokenMs && random() < 0.3;
    const fields = { request_id: `r-${id}`, route: `/v1/${words[i % 7]}`, duration_ms: Math.floor(random() * 90) };
    if (isBroken && role === 'culprit')
      yield { at: iso(atMs), level: 'error', message: `settling ${id} failed: ${stack}`, fields };
    else if (isBroken)
      yield {
        at: iso(atMs),
        level: 'error',
        message: `call to ${callee} failed with status 500 after ${fields.duration_ms} ms`,
        fields: { ...fields, upstream: callee, status: 502 },
      };
    else yield { at: iso(atMs), level: random() < 0.01 ? 'warn' : 'info', message: chat(name, i, id, random), fields };
  }
}

/** Some thirty templates a service, with numbers, ids and durations in them. */
function chat(name: string, i: number, id: string, random: Random): string {
  const what = words[Math.floor(random() * words.length)] ?? 'cart';
  const forms = [
    `request ${id} for ${what} answered 200 in ${Math.floor(random() * 300)} ms`,
    `cache hit for ${what}:${id}`,
    `loaded ${Math.floor(random() * 50)} rows of ${what} for tenant ${Math.floor(random() * 400)}`,
  ];
  return forms[i % forms.length] ?? name;
}

function makeSeries({ role, random }: Own, instance: string, count: number) {
  const of = (name: string, value: (isBroken: boolean, minute: number) => number) => ({
    name,
    labels: { instance },
    points: Array.from({ length: count }, (_, n) => {
      const sinceMs = (spanMs * n) / count;
      const isBroken = role !== 'well' && fromMs + sinceMs >= brokenMs;
      return [iso(fromMs + sinceMs), Number(value(isBroken, sinceMs / 60_000).toFixed(4))] as const;
    }),
  });
  return [
    of('error ratio', (isBroken) => (isBroken ? 0.28 : 0.001) + 0.001 * random()),
    of('latency p99 ms', () => 120 + 20 * random()),
    of('requests per second', (_, minute) => 100 + 10 * Math.sin(minute / 10) + 5 * random()),
    of('memory bytes', () => 3e8 + 1e7 * random()),
  ];
}

/** Each hundredth of the window one span of each service, under that of whoever calls it. */
function* makeSpans({ name, role, random }: Own, i: number): Generator<object> {
  for (let n = 0; n < 100; n++) {
    const atMs = fromMs + (spanMs * n) / 100 + i;
    const isBroken = role !== 'well' && atMs >= brokenMs;
    const traceId = hash(`trace ${n}`).slice(0, 32);
    const idOf = (service: number) => hash(`span ${n} ${service}`).slice(0, 16);
    yield {
      traceId,
      id: idOf(i),
      ...(i === 0 ? {} : { parentId: idOf(Math.floor((i - 1) / 2)) }),
      name: `handle ${name}`,
      kind: 'server',
      at: iso(atMs),
      durationMs: Number((2 + 10 * random()).toFixed(2)),
      status: isBroken ? 'error' : 'ok',
    };
  }
}

function makeCommits({ name, role }: Own) {
  const commit = (n: number, atMs: number, subject: string, file: string, diff: string) => ({
    id: hash(`${name} ${n}`).slice(0, 40),
    author: 'somebody',
    at: iso(atMs),
    subject,
    files: [{ path: file, diff }],
    ...(n === 0 ? {} : { parent: hash(`${name} ${n - 1}`).slice(0, 40) }),
  });
  const harmless = `@@ -1,3 +1,3 @@\n-# ${name}\n+# The ${name}\n`;
  const commits = [
    commit(0, fromMs - 86_400_000, 'Say what the service is for', 'README.md', harmless),
    commit(1, fromMs - 43_200_000, 'Say it better', 'README.md', harmless),
  ];
  if (role === 'culprit') {
    const diff = `@@ -38,5 +38,5 @@ function roundTotal(order) {\n-  const { amount } = order.total ?? { amount: 0 };\n+  const amount = order.total.amount;\n   return Math.round(amount * 100) / 100;\n`;
    commits.push(commit(2, brokenMs - 90_000, 'Tidy the rounding of totals', 'src/totals.js', diff));
  }
  return commits;
}

function makeDeploys(commits: ReturnType<typeof makeCommits>) {
  return commits.map(({ id, at, parent }) => ({
    revision: id,
    at: iso(Date.parse(at) + 60_000),
    ...(parent === undefined ? {} : { previous: parent }),
  }));
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** @returns the bytes written */
async function writeRecords({ folder, name }: Own, kind: string, records: Iterable<object>): Promise<number> {
  await mkdir(path.join(folder, kind), { recursive: true });
  const stream = createWriteStream(path.join(folder, kind, `${name}.ndjson`));
  let batch: string[] = [];
  const flush = async () => {
    if (!stream.write(batch.join(''))) await once(stream, 'drain');
    batch = [];
  };
  for (const record of records) {
    batch.push(`${JSON.stringify(record)}\n`);
    if (batch.length === 2_000) await flush();
  }
  await flush();
  stream.end();
  await once(stream, 'finish');
  return stream.bytesWritten;
}
