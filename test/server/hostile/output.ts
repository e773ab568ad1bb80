import { cleanText } from '../../../src/domain/diagnosis/prompt-text.ts';
import { splitFrames } from '../../../src/adapters/docker/output.ts';
import { makeTar } from './arena.ts';
import { showsOnly, type HostileCase } from './hostile-case.ts';
import { countProcesses, type Side } from './side.ts';
import { insteadOfOurs, without } from './weaknesses.ts';

const megabyte = 1 << 20;

/** What a client holds that reads everything, and whether the writer still runs when the client has gone. */
async function readAll(side: Side, mostBytes: number): Promise<number> {
  const container = await side.start();
  const exec = await container.exec({ Cmd: ['/opt/probe', 'flood', '4000', side.mark], AttachStdout: true });
  const stream = await exec.start({ hijack: true });
  let held = 0;
  for await (const chunk of stream) {
    held += (chunk as Buffer).length;
    if (held > mostBytes) break;
  }
  return held;
}

async function flood(side: Side): Promise<string> {
  if (side.isControl) {
    const held = await readAll(side, 16 * megabyte);
    return `held ${Math.floor(held / megabyte)} MB, ${await countProcesses(side.mark)} left`;
  }
  const { output, end } = await side.arena.run(['/opt/probe', 'flood', '4000', side.mark]);
  return `${end}, held ${Math.ceil(output.length / megabyte)} MB, ${await countProcesses(side.mark)} left`;
}

/** Steers a terminal, writes to its clipboard, turns the reading direction, and is no UTF-8. */
const tricks = String.raw`\033]52;c;ZXZpbA==\007\033[2J\342\200\256evil\000\377\n`;

async function readTerminal(side: Side): Promise<string> {
  const container = await side.start();
  const exec = await container.exec({ Cmd: ['printf', fakeFrame], Tty: true, AttachStdout: true });
  const stream = await exec.start({ Tty: true });
  return demultiplex(stream);
}

async function demultiplex(stream: AsyncIterable<unknown>): Promise<string> {
  const parts: Buffer[] = [];
  const take = splitFrames((bytes) => parts.push(Buffer.from(bytes)));
  for await (const chunk of stream) take(chunk as Buffer);
  return Buffer.concat(parts).toString('latin1');
}

/** The header of a frame of standard error, 4 bytes long, in the command's own output. */
const fakeFrame = String.raw`\002\000\000\000\000\000\000\004FAKE`;

const oddNames = ['two\nlines.js', 'exe.\u202Esj.txt'];

export const outputCases: readonly HostileCase[] = [
  {
    number: 12,
    name: 'Flood of output',
    stoppedBy: 'limit on output, then removal of the container',
    probe: flood,
    ...showsOnly(/^(output-cut|failed), held 1 MB, 0 left$/, /^held 16 MB, [1-9]\d* left$/),
    control: insteadOfOurs('a client that reads everything'),
  },
  {
    number: 13,
    name: 'Flood of output by process 1, into the engine’s log',
    stoppedBy: 'LogConfig none',
    arrange: (planned) => ({ ...planned, Cmd: ['/opt/probe', 'flood', '20'] }),
    async probe(side) {
      const container = await side.start();
      await container.wait();
      const logged = await container.logs({ stdout: true }).then(
        (log) => `${Math.floor(log.length / megabyte)} MB logged`,
        (error: Error) => error.message,
      );
      return logged;
    },
    ...showsOnly(/does not support reading/, /^(19|2\d) MB logged$/),
    control: without.logConfig,
  },
  {
    number: 40,
    name: 'Output that steers terminals and readers',
    stoppedBy: 'our sanitiser, wherever output is shown',
    async probe(side) {
      const { output } = await side.exec(['printf', tricks]);
      const text = output.toString();
      return JSON.stringify(side.isControl ? text : cleanText(text, 1000));
    },
    ...showsOnly(/^"evil(\ufffd)?(\\n)?"$/, /\\u001b.*\u202e|\\u001b.*\\u202e/),
    control: insteadOfOurs('the bytes as they came'),
  },
  {
    number: 41,
    name: 'Forged frame of the engine’s stream',
    stoppedBy: 'Tty: false and the engine’s own framing',
    async probe(side) {
      if (side.isControl) return readTerminal(side);
      return (await side.exec(['printf', fakeFrame])).output.toString('latin1');
    },
    isBlocked: (seen) => seen === '\x02\0\0\0\0\0\0\x04FAKE',
    isReached: (seen) => seen === 'FAKE',
    control: { without: 'Tty: false' },
  },
  {
    number: 42,
    name: 'File names with a line break, turned reading direction, 300 characters',
    stoppedBy: 'our sanitiser; the kernel’s limit on names',
    async probe(side) {
      const { sandbox, run } = side.arena;
      const pack = async (...names: string[]) => {
        return [await sandbox.packSource('app', await makeTar(...names.map((name) => ({ name, text: 'x' }))))];
      };
      const { output } = await run(['ls'], { sources: await pack(...oddNames) });
      const long = await run(['true'], { sources: await pack('n'.repeat(300)) }).then(
        ({ end }) => end,
        (error: Error) => error.message.slice(0, 40),
      );
      const listed = output.toString();
      return JSON.stringify([side.isControl ? listed : cleanText(listed, 1000), long]);
    },
    ...showsOnly(/^\["(?!.*\u202e).*exe\.sj\.txt.*","The sources could not be unpacked/, /exe\.\u202esj/),
    control: insteadOfOurs('the names as they came'),
  },
];
