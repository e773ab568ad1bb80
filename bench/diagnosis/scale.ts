/**
 * Measures how large bundles are analysed: `npx tsx bench/diagnosis/scale.ts [--lines 1000000] [--services 200] [--instances 5] [--seed 1]`.
 * Writes one bundle of many log lines and one of many series (four for each instance of a service, a thousand points in each) to a
 * temporary folder, analyses each by the product's own command in a child process, and prints time and peak memory of that process.
 * The same seed gives the same bytes.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { generateBundle, type BundleSize } from './generate-bundle.ts';
import { readCount, readOptions } from './options.ts';

const values = readOptions(
  {
    lines: { type: 'string', default: '1000000' },
    services: { type: 'string', default: '200' },
    instances: { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
  },
  'npx tsx bench/diagnosis/scale.ts [--lines 1000000] [--services 200] [--instances 5] [--seed 1]',
);

interface Run {
  readonly seconds: number;
  /** On a machine that is busy with other things this is the figure to compare. */
  readonly processorSeconds: number;
  readonly peakMiB: number;
  readonly answer: string;
}

/** Of each bundle; seconds of the clock. */
const goal = { seconds: 20, peakMiB: 1024 };

const [services, seed] = [readCount('services', values.services), readCount('seed', values.seed)];
const instances = readCount('instances', values.instances);
const manyLines = { lines: readCount('lines', values.lines), services, instances: 1, points: 90, seed };
await measure(manyLines);
const manySeries = { lines: 20_000, services, instances, points: 1_000, seed };
await measure(manySeries);

async function measure(size: BundleSize): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'resident-scale-'));
  try {
    const made = await generateBundle(folder, size);
    console.log(
      `${made.lines.toLocaleString('en')} log lines, ${made.points.toLocaleString('en')} points of ${made.series.toLocaleString('en')} series, ${made.spans.toLocaleString('en')} spans, ${made.changes} commits of ${size.services} services; ${Math.round(made.bytes / 1024 / 1024)} MiB`,
    );
    const run = await analyseInChild(folder);
    const { diagnosis } = JSON.parse(run.answer) as {
      diagnosis: { service: string; change: string; confidence: number };
    };
    const isRight = diagnosis.service === made.culprit.service && diagnosis.change === made.culprit.change;
    console.log(
      `resident analyze: ${run.seconds.toFixed(1)} s, of them ${run.processorSeconds.toFixed(1)} s of processor time (goal: < ${goal.seconds} s); peak memory ${Math.round(run.peakMiB)} MiB (goal < ${goal.peakMiB})`,
    );
    console.log(
      `${isRight ? 'right' : 'WRONG'}: ${diagnosis.change.slice(0, 12)} in ${diagnosis.service} at ${diagnosis.confidence} (is ${made.culprit.change.slice(0, 12)} in ${made.culprit.service})`,
    );
    if (!isRight || run.seconds >= goal.seconds || run.peakMiB >= goal.peakMiB) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The child tells what it used as it ends, on a pipe beside its output. */
async function analyseInChild(bundle: string): Promise<Run> {
  const tell =
    'import { writeSync } from "node:fs"; process.on("exit", () => writeSync(3, JSON.stringify(process.resourceUsage())));';
  const program = path.resolve(import.meta.dirname, '../../bin/resident.js');
  const startedMs = performance.now();
  const child = spawn(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(tell)}`, program, 'analyze', bundle, '--json'],
    { stdio: ['ignore', 'pipe', 'inherit', 'pipe'] },
  );
  const [answer, usage, [code]] = await Promise.all([
    readAll(child.stdio[1] as Readable),
    readAll(child.stdio[3] as Readable),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  if (code !== 0) throw new Error(`resident analyze ended with ${code}.`);
  const used = JSON.parse(usage) as NodeJS.ResourceUsage;
  return {
    seconds: (performance.now() - startedMs) / 1000,
    processorSeconds: (used.userCPUTime + used.systemCPUTime) / 1e6,
    peakMiB: used.maxRSS / 1024,
    answer,
  };
}

async function readAll(stream: Readable): Promise<string> {
  let text = '';
  for await (const chunk of stream.setEncoding('utf8')) text += String(chunk);
  return text;
}
