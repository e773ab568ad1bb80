/**
 * Loghub: logs of sixteen systems, two thousand lines of each grouped by hand. Measures the template miner alone: grouping accuracy in
 * both forms of input, and its speed beside Drain3's on the same lines. README.md tells what is done about the traps of the data.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { learnLayout, stripHeader } from '../../src/domain/analysis/logs/layout.ts';
import { createTemplateMiner } from '../../src/domain/analysis/logs/templates.ts';
import { readCsv } from './nezha-files.ts';
import { tellFailed, type DirectSet, type Outcome } from './run-set.ts';

/** The lines of one system, and what the truth groups them by. */
interface System {
  readonly name: string;
  readonly rawFile: string;
  readonly structuredFile: string;
  /** Whole lines, and their messages as the set's own format strings cut them out. */
  readonly raw: readonly string[];
  readonly messages: readonly string[];
  /** Template of each line as corrected by Khan et al. (ICSE 2022), where it was; else as published. */
  readonly truth: readonly string[];
  /** Event of each line as first published. */
  readonly original: readonly string[];
}

/** A layout is learnt from so many lines; an on-line reader holds back no more. */
const sampleLines = 1_000;
const goalAccuracy = 0.95;
const goalRatio = 5;
const rounds = 5;
/** Logs are long: for the speed each file is read so often in a row, by both miners. */
const repeats = 10;

export const loghub: DirectSet = {
  name: 'loghub',
  goals: { groupingAccuracyMessage: goalAccuracy, groupingAccuracyRaw: goalAccuracy, ratio: goalRatio },
  published: [
    { metric: 'groupingAccuracyMessageOriginal', who: 'Brain (16 systems, settings for each)', value: 0.983 },
    { metric: 'groupingAccuracyMessageOriginal', who: 'Drain', value: 0.865 },
    { metric: 'groupingAccuracyMessageOriginal', who: 'Spell', value: 0.793 },
  ],
  isPresent: (root) => listNames(root).length > 0,
  ofFailed: { groupingAccuracyMessage: 0, groupingAccuracyRaw: 0 },
  run: async (root) => {
    const systems: System[] = [];
    const failed: Outcome[] = [];
    for (const name of listNames(root)) {
      try {
        systems.push(readSystem(root, name));
      } catch (error) {
        failed.push(tellFailed(loghub, name, error));
      }
    }
    if (systems.length === 0) return failed;
    const drain3 = runDrain3(systems);
    return [...systems.map((system) => scoreSystem(system, drain3)), ...failed, measureSpeed(systems, drain3)];
  },
};

function listNames(root: string): readonly string[] {
  const names = ['loghub_2k', 'loghub_2k_corrected'].flatMap((part) => {
    const folder = path.join(root, 'loghub', part);
    return existsSync(folder)
      ? readdirSync(folder, { withFileTypes: true })
          .filter((entry) => entry.isDirectory())
          .map(({ name }) => name)
      : [];
  });
  return [...new Set(names)].sort();
}

function findFile(folder: string, name: string, ending: string): string | undefined {
  const inside = path.join(folder, name);
  const file = readdirSync(inside).find((entry) => entry.endsWith(ending));
  return file && path.join(inside, file);
}

function readSystem(root: string, name: string): System {
  const folders = ['loghub_2k', 'loghub_2k_corrected'].map((part) => path.join(root, 'loghub', part));
  const find = (ending: string) =>
    folders
      .filter((folder) => existsSync(path.join(folder, name)))
      .map((folder) => findFile(folder, name, ending))
      .find((file) => file !== undefined);
  const rawFile = find('.log');
  const structuredFile = find('_structured.csv');
  if (rawFile === undefined || structuredFile === undefined)
    throw new Error(`${name} of Loghub has no *.log or no *_structured.csv; put both where its folder is.`);
  const rows = readCsv(structuredFile);
  const raw = readFileSync(rawFile, 'utf8')
    .split('\n')
    .map((line) => line.replace(/\r$/, ''));
  if (raw.at(-1) === '') raw.pop();
  if (raw.length !== rows.length)
    throw new Error(
      `${rawFile} has ${raw.length} lines and ${structuredFile} ${rows.length} rows; they must be the same.`,
    );
  const corrected = find('_structured_corrected.csv');
  return {
    name,
    rawFile,
    structuredFile,
    raw,
    messages: rows.map((row) => row['Content'] ?? ''),
    truth: (corrected === undefined ? rows : readCsv(corrected)).map((row) => row['EventTemplate'] ?? ''),
    original: rows.map((row) => row['EventId'] ?? ''),
  };
}

/** Group of each message; the miner sees one line at a time. */
function groupLines(messages: readonly string[]): readonly number[] {
  const miner = createTemplateMiner();
  const groups = messages.map((message) => miner.add(message));
  miner.finish();
  return groups.map((group) => group.id);
}

/** Messages of raw lines, cut out by what the lines themselves look like. */
function cutHeaders(raw: readonly string[]): readonly string[] {
  const layout = learnLayout(raw.slice(0, sampleLines));
  return layout === undefined ? raw : raw.map((line) => stripHeader(line, layout));
}

/** Share of the lines whose group has the very lines that the truth puts together (Zhu et al., ICSE-SEIP 2019). */
export function groupingAccuracy(groups: readonly number[], truth: readonly string[]): number {
  const byGroup = new Map<number, number[]>();
  groups.forEach((group, line) => byGroup.set(group, [...(byGroup.get(group) ?? []), line]));
  const sizes = new Map<string, number>();
  for (const event of truth) sizes.set(event, (sizes.get(event) ?? 0) + 1);
  let right = 0;
  for (const lines of byGroup.values()) {
    const events = new Set(lines.map((line) => truth[line] ?? ''));
    const [event = ''] = events;
    if (events.size === 1 && sizes.get(event) === lines.length) right += lines.length;
  }
  return truth.length === 0 ? 0 : right / truth.length;
}

function scoreSystem(system: System, drain3: Drain3 | string): Outcome {
  const message = groupLines(system.messages);
  const raw = groupLines(cutHeaders(system.raw));
  const metrics = {
    groupingAccuracyMessage: groupingAccuracy(message, system.truth),
    groupingAccuracyRaw: groupingAccuracy(raw, system.truth),
    groupingAccuracyMessageOriginal: groupingAccuracy(message, system.original),
    groupingAccuracyRawOriginal: groupingAccuracy(raw, system.original),
    ...scoreDrain3(system, drain3),
  };
  const lowest = Math.min(metrics.groupingAccuracyMessage, metrics.groupingAccuracyRaw);
  return {
    case: system.name,
    result: lowest >= goalAccuracy ? 'right' : 'wrong',
    said: `message ${format(metrics.groupingAccuracyMessage)}, raw line ${format(metrics.groupingAccuracyRaw)}; against the first truth ${format(metrics.groupingAccuracyMessageOriginal)} and ${format(metrics.groupingAccuracyRawOriginal)}; ${new Set(message).size} groups`,
    expected: `${goalAccuracy} in both forms; ${new Set(system.truth).size} groups`,
    metrics,
  };
}

function scoreDrain3({ name, truth }: System, drain3: Drain3 | string): Readonly<Record<string, number>> {
  const groups = typeof drain3 === 'string' ? undefined : drain3.groups[name];
  if (!groups) return {};
  return {
    drain3GroupingAccuracyMessage: groupingAccuracy(groups.message, truth),
    drain3GroupingAccuracyRaw: groupingAccuracy(groups.raw, truth),
  };
}

/** Lines per second of processor time, on one machine in one run, so that what else runs there does not count. */
function measureSpeed(systems: readonly System[], drain3: Drain3 | string): Outcome {
  const raw = measure(
    systems.map((system) => system.raw),
    (lines) => groupLines(cutHeaders(lines)),
  );
  const message = measure(
    systems.map((system) => system.messages),
    groupLines,
  );
  const own = { linesPerSecond: raw, linesPerSecondMessage: message };
  const expected = `${goalRatio} times the lines per second of Drain3`;
  if (typeof drain3 === 'string')
    return { case: 'speed', result: 'abstained', said: `${say(raw)}; ${drain3}`, expected, metrics: own };
  const theirs = drain3.linesPerSecond;
  const ratio = raw / theirs.raw;
  return {
    case: 'speed',
    result: ratio >= goalRatio ? 'right' : 'wrong',
    said: `raw lines ${say(raw)}, Drain3 ${say(theirs.raw)}; messages ${say(message)}, Drain3 ${say(theirs.message)}`,
    expected,
    metrics: {
      ...own,
      drain3LinesPerSecond: theirs.raw,
      drain3LinesPerSecondMessage: theirs.message,
      ratio,
      ratioMessage: message / theirs.message,
    },
  };
}

/** The best of some rounds: the first ones still compile. */
function measure(files: readonly (readonly string[])[], run: (lines: readonly string[]) => unknown): number {
  const logs = files.map((lines) => Array.from({ length: repeats }, () => lines).flat());
  const count = logs.reduce((sum, lines) => sum + lines.length, 0);
  let best = 0;
  for (let round = 0; round < rounds; round++) {
    const started = process.cpuUsage();
    for (const lines of logs) run(lines);
    const { user, system } = process.cpuUsage(started);
    best = Math.max(best, (count / (user + system)) * 1e6);
  }
  return best;
}

/** What measure-drain3.py prints. */
interface Drain3 {
  readonly linesPerSecond: Readonly<Record<'raw' | 'message', number>>;
  readonly groups: Readonly<Record<string, Readonly<Record<'raw' | 'message', readonly number[]>>>>;
}

/** Drain3 with its own settings on the same files, or why it did not run. */
function runDrain3(systems: readonly System[]): Drain3 | string {
  const python = process.env['RESIDENT_DRAIN3_PYTHON'] ?? 'python3';
  try {
    execFileSync(python, ['-c', 'import drain3'], { stdio: 'ignore' });
  } catch {
    return `Drain3 skipped: ${python} has no module drain3; set RESIDENT_DRAIN3_PYTHON to a Python that has it`;
  }
  const files = systems.map(({ name, rawFile, structuredFile }) => ({
    name,
    raw: rawFile,
    structured: structuredFile,
  }));
  const script = path.join(import.meta.dirname, 'measure-drain3.py');
  const printed = execFileSync(python, [script, String(rounds), String(repeats)], {
    input: JSON.stringify(files),
    maxBuffer: 64 * 2 ** 20,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  return JSON.parse(printed.toString('utf8')) as Drain3;
}

const format = (value: number) => value.toFixed(3);
const say = (linesPerSecond: number) => `${Math.round(linesPerSecond).toLocaleString('en')} lines/s`;
