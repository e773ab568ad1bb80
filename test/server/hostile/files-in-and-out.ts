import { execFile } from 'node:child_process';
import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { extract } from 'tar-stream';
import { makeTar, type TarEntry } from './arena.ts';
import { showsOnly, type HostileCase } from './hostile-case.ts';
import { describeReport, type Side } from './side.ts';
import { insteadOfOurs, together, without } from './weaknesses.ts';

const weakForPut = (what: string) => together(insteadOfOurs(what), without.readOnlyRoot, without.capDrop);

/** What the sandbox says of each source: taken in whole, or refused with a reason. */
async function pack(side: Side, ...entries: readonly TarEntry[]): Promise<string[]> {
  const answers: string[] = [];
  for (const entry of entries) {
    const tar = await makeTar(entry);
    answers.push(
      await side.arena.sandbox.packSource('app', tar).then(
        () => `${entry.type ?? 'file'} taken`,
        () => `${entry.type ?? 'file'} refused`,
      ),
    );
  }
  return answers;
}

async function putRaw(side: Side, tar: Buffer): Promise<void> {
  const container = await side.start();
  await container.putArchive(tar, { path: '/open' });
}

const unlike: readonly TarEntry[] = [
  { name: 'device', type: 'character-device', devmajor: 1, devminor: 5, mode: 0o666 },
  { name: 'pipe', type: 'fifo' },
  { name: 'hard', type: 'link', linkname: '/etc/passwd' },
];
const setId: TarEntry = { name: 'set-id', mode: 0o4755, text: '#!/bin/sh\n' };

async function bringFiles(side: Side): Promise<string> {
  const list = [
    'sh',
    '-c',
    'cd /open 2>/dev/null; stat -c "%n %F %a" device set-id /sandbox/app/set-id 2>/dev/null; true',
  ];
  if (side.isControl) {
    await putRaw(side, await makeTar(unlike[0]!, setId));
    return describeReport(await side.exec(list));
  }
  const answers = await pack(side, ...unlike);
  const sources = [await side.arena.sandbox.packSource('app', await makeTar(setId))];
  const { output } = await side.arena.run(list, { sources });
  return [...answers, output.toString().trim()].join('; ');
}

const outside: readonly TarEntry[] = [
  { name: '../../open/up', text: 'x' },
  { name: '/open/absolute', text: 'x' },
];
/** A folder that is a link to another place, and a file to be written through it. */
const throughLink: readonly TarEntry[] = [
  { name: 'folder', type: 'symlink', linkname: '/open' },
  { name: 'folder/through', text: 'x' },
];

async function unpackOutside(side: Side): Promise<string> {
  if (side.isControl) {
    const stdin = await makeTar(...outside, ...throughLink);
    const script = 'mkdir /sandbox/app; cd /sandbox/app; tar -xPf - 2>/dev/null; ls /open';
    return describeReport(await side.exec(['sh', '-c', script], { stdin })).replaceAll('\n', ' ');
  }
  const answers = await pack(side, ...outside);
  const sources = [await side.arena.sandbox.packSource('app', await makeTar(...throughLink))];
  const linked = await side.arena.run(['ls', '/open'], { sources }).then(
    ({ output }) => `outside: ${output.toString().trim()}`,
    (error: Error & { type?: string }) => error.message.slice(0, 38),
  );
  return `${answers.join(', ')}; ${linked}`;
}

async function sendBomb(side: Side): Promise<string> {
  const bomb = gzipSync(await makeTar({ name: 'big', text: Buffer.alloc(64 << 20) }));
  if (side.isControl) {
    await putRaw(side, bomb);
    return `${bomb.length >> 10} KB sent, ${describeReport(await side.exec(['stat', '-c', '%s', '/open/big']))} bytes there`;
  }
  return side.arena.sandbox.packSource('app', bomb).then(
    ({ unpackedBytes }) => `taken as ${unpackedBytes} bytes`,
    (error: Error) => `refused: ${error.message}`,
  );
}

/** The engine's way to take files out of a container, which nothing of ours calls. */
const waysOut = /\b(getArchive|copyFrom|\.export\()/;

async function takeOut(side: Side): Promise<string> {
  if (!side.isControl) {
    const folder = path.join(import.meta.dirname, '../../../src');
    // The image builder reads images, in which nothing has run yet.
    const isOurs = (name: string) => name.endsWith('.ts') && !name.startsWith(path.join('adapters', 'image-builder'));
    const files = (await readdir(folder, { recursive: true })).filter(isOurs);
    const texts = await Promise.all(files.map((name) => readFile(path.join(folder, name), 'utf8')));
    return `${texts.filter((text) => waysOut.test(text)).length} of ${texts.length > 100 ? 'all' : 'too few'} files`;
  }
  const script =
    'mkdir /open/out; cd /open/out; ln -s /etc/passwd link; cp /opt/probe p; chmod 4755 p; mkfifo f || true';
  await side.exec(['sh', '-c', script]);
  const container = await side.start();
  const types: string[] = [];
  const stream = Readable.from(await container.getArchive({ path: '/open/out' })).pipe(extract());
  for await (const entry of stream) {
    types.push(`${entry.header.type} ${entry.header.mode?.toString(8)}`);
    entry.resume();
  }
  return types.sort().join(', ');
}

/** A tree whose own configuration names a program for Git to run. */
async function runGit(side: Side): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'resident-hostile-git-'));
  const witness = path.join(folder, 'ran');
  const config = `[core]\n\trepositoryformatversion = 0\n\tfsmonitor = "touch ${witness}; false"\n`;
  const files: Record<string, string> = { HEAD: 'ref: refs/heads/main\n', config };
  try {
    if (side.isControl) {
      for (const inner of ['tree/.git/objects', 'tree/.git/refs'])
        await mkdir(path.join(folder, inner), { recursive: true });
      for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, 'tree/.git', name), text);
      await promisify(execFile)('git', ['status'], { cwd: path.join(folder, 'tree') });
    } else {
      const entries = Object.entries(files).map(([name, text]) => ({ name: `.git/${name}`, text }));
      const sources = [await side.arena.sandbox.packSource('app', await makeTar(...entries))];
      const { end } = await side.arena.run(['cat', '.git/config'], { sources });
      if (end !== 'passed') return end;
    }
    return await access(witness).then(
      () => 'ran on the host',
      () => 'did not run',
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A source that puts itself in the place of another service's folder. */
async function replaceNeighbour(side: Side): Promise<string> {
  const entries: readonly TarEntry[] = [
    { name: 'shared', type: 'symlink', linkname: '../neighbour' },
    { name: 'shared/index.js', text: 'forged' },
  ];
  const { sandbox, run } = side.arena;
  const neighbour = await sandbox.packSource('neighbour', await makeTar({ name: 'index.js', text: 'genuine' }));
  if (side.isControl) {
    const script =
      'mkdir -p app neighbour; echo genuine >neighbour/index.js; ln -s ../neighbour app/shared; echo forged >app/shared/index.js; cat neighbour/index.js';
    return describeReport(await side.exec(['sh', '-c', script]));
  }
  const answers = await pack(side, { name: '../neighbour/index.js', text: 'forged' });
  const sources = [neighbour, await sandbox.packSource('app', await makeTar(...entries))];
  const shown = await run(['cat', '../neighbour/index.js'], { sources }).then(
    ({ output }) => output.toString().trim(),
    (error: Error) => error.message.slice(0, 38),
  );
  return `${answers.join()}; ${shown}`;
}

export const fileCases: readonly HostileCase[] = [
  {
    number: 35,
    name: 'Archive in that leaves its folder: `..`, absolute, through a link',
    stoppedBy: 'our packer; tar runs inside, as the user of the code',
    probe: unpackOutside,
    ...showsOnly(/^file refused, file refused; (outside: ?$|The sources could not be unpacked)/, /^absolute .*up$/),
    control: together(insteadOfOurs('plain `tar -P`'), without.readOnlyRoot),
  },
  {
    number: 36,
    name: 'Gzip bomb in: 64 KB that are 64 MB',
    stoppedBy: 'plain tar only, counted before it is sent',
    probe: sendBomb,
    ...showsOnly(/^refused: /, new RegExp(`sent, ${64 << 20} bytes there$`)),
    control: weakForPut('putArchive'),
  },
  {
    number: 37,
    name: 'Archive out with links and set-id files',
    stoppedBy: 'nothing is ever taken out but output',
    probe: takeOut,
    ...showsOnly(/^0 of all files$/, /4755.*symlink/),
    control: weakForPut('getArchive'),
  },
  {
    number: 38,
    name: 'Git of the host on a tree from the sandbox',
    stoppedBy: 'it is never run there',
    probe: runGit,
    ...showsOnly(/^did not run$/, /^ran on the host$/),
    control: insteadOfOurs('`git status` on the host'),
  },
  {
    number: 'own-13',
    name: 'Sources with a device, a pipe, a hard link, a set-id file',
    stoppedBy: 'our packer',
    probe: bringFiles,
    ...showsOnly(
      /^character-device refused; fifo refused; link refused; \S+ regular file 755$/,
      /device character special file 666\nset-id regular file 4755/,
    ),
    control: weakForPut('putArchive'),
  },
  {
    number: 'own-14',
    name: 'Sources that replace those of another service',
    stoppedBy: 'our packer; tar makes links last',
    probe: replaceNeighbour,
    ...showsOnly(/^file refused; (genuine|The sources could not be unpacked)/, /^forged$/),
    control: insteadOfOurs('entries in the order in which they come'),
  },
];
