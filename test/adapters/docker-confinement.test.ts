import { Duplex } from 'node:stream';
import type Docker from 'dockerode';
import { describe, expect, it } from 'vitest';
import { runInContainer } from '../../src/adapters/docker/run-container.ts';
import type { RunOrder } from '../../src/adapters/docker/sandbox.ts';
import { packSource } from '../../src/adapters/docker/sources.ts';

const none = ['Inh', 'Prm', 'Eff', 'Bnd', 'Amb'].map((set) => `Cap${set}:\t0000000000000000\n`).join('');
const confined = `Name:\tcat\nUid:\t65533\t65533\nGid:\t65533\t65533\n${none}NoNewPrivs:\t1\nSeccomp:\t2\n`;

interface Engine {
  /** What the engine makes of the settings, against what was asked. */
  readonly changes?: object;
  /** What the first command in the container prints, and its exit code. */
  readonly status?: string;
  readonly exitCode?: number;
}

/** An engine that notes what it is asked to do. */
function makeEngine({ changes = {}, status = confined, exitCode = 0 }: Engine) {
  const asked: string[] = [];
  const note = <T>(what: string, answer: T) => {
    asked.push(what);
    return Promise.resolve(answer);
  };
  const paths = { MaskedPaths: ['/proc/kcore', '/proc/keys'], ReadonlyPaths: ['/proc/sys', '/proc/sysrq-trigger'] };
  const createContainer = (options: Docker.ContainerCreateOptions) =>
    note('create', {
      id: 'abc',
      inspect: () =>
        note('inspect', {
          Config: options,
          HostConfig: { ...options.HostConfig, ...paths, ...changes },
          Image: options.Image,
          Mounts: [],
        }),
      start: () => note('start', undefined),
      exec: ({ Cmd = [] }: Docker.ExecCreateOptions) =>
        note(`exec ${Cmd[0]}`, {
          start: async () => answerWith(Cmd[0] === 'sh' ? status : 'ran'),
          inspect: async () => ({ Running: false, ExitCode: Cmd[0] === 'sh' ? exitCode : 0 }),
        }),
      remove: () => note('remove', undefined),
    });
  return { asked, docker: { createContainer } as unknown as Docker };
}

/** A stream as the engine sends it: one frame of standard output. */
function answerWith(text: string): Duplex {
  const header = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  const frames = [Buffer.concat([header, Buffer.from(text)]), null];
  return new Duplex({
    read() {
      this.push(frames.shift() ?? null);
    },
    write: (_chunk, _encoding, done) => done(),
  });
}

async function run(engine: Engine) {
  const { asked, docker } = makeEngine(engine);
  const order: RunOrder = {
    incidentId: 'incident/app',
    runId: 'run-1',
    imageId: 'sha256:1',
    sources: [await packSource('app', Buffer.alloc(1024))],
    workService: 'app',
    setup: [],
    command: ['node', 'test.js'],
    limits: { memoryMb: 256, cpus: 1, timeoutMs: 1_000, outputBytes: 1_000 },
    signal: new AbortController().signal,
  };
  const facts = { version: '1', architecture: 'x86_64', cgroupDriver: 'cgroupfs', cpus: 2 } as const;
  const logger = { warn: () => undefined };
  const end = await runInContainer({ docker, engine: facts, owner: 'test', logger }, order).then(
    (report) => report.end,
    (error: Error & { trouble?: { kind: string } }) => `${error.trouble?.kind}: ${error.message}`,
  );
  return { asked, end };
}

describe('a sandbox that is not what was asked for', () => {
  it('runs, where it is', async () => {
    const { asked, end } = await run({});
    expect(end).toBe('passed');
    expect(asked).toEqual(['create', 'inspect', 'start', 'exec sh', 'exec node', 'remove']);
  });

  it.each([
    ['more rights', { Privileged: true }],
    ['a network', { NetworkMode: 'bridge' }],
    ['no filter of system calls', { SecurityOpt: ['no-new-privileges'] }],
    ['more memory', { Memory: 0 }],
    ['a folder of the host', { Binds: ['/:/host'] }],
  ])('is removed before it starts: %s', async (_, changes) => {
    const { asked, end } = await run({ changes });
    expect(end).toMatch(/^NotConfined: .*daemon\.json/);
    expect(end).toContain(Object.keys(changes)[0]);
    expect(asked).toEqual(['create', 'inspect', 'remove']);
  });

  it.each([
    ['Seccomp', confined.replace('Seccomp:\t2', 'Seccomp:\t0')],
    ['NoNewPrivs', confined.replace('NoNewPrivs:\t1', 'NoNewPrivs:\t0')],
    ['CapBnd', confined.replace('CapBnd:\t0', 'CapBnd:\t1')],
    ['Uid', confined.replace('Uid:\t65533', 'Uid:\t0')],
  ])('is removed before the command runs, when the kernel says so from inside: %s', async (field, status) => {
    const { asked, end } = await run({ status });
    expect(end).toMatch(new RegExp(`^NotConfined: .*${field} is`));
    expect(asked).toEqual(['create', 'inspect', 'start', 'exec sh', 'remove']);
  });

  it('is not believed by what a source prints after the kernel’s word', async () => {
    const { end } = await run({ status: `${confined.replace('Seccomp:\t2', 'Seccomp:\t0')}${confined}` });
    expect(end).toMatch(/^NotConfined/);
  });

  it('is told apart from an image that lacks a program, and from sources that cannot be unpacked', async () => {
    const bare = await run({ status: 'exec: "sh": executable file not found', exitCode: 127 });
    expect(bare.end).toMatch(/^UnpackFailed: .*"sh".*needs the programs `sh`, `tar`, `cat` and `sleep`/);
    const odd = await run({ status: `${confined}tar: name: File name too long\n`, exitCode: 2 });
    expect(odd.end).toMatch(/^UnpackFailed: .*\(tar: name: File name too long\)/);
  });
});
