import { access, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { makeTar } from './arena.ts';
import { showsOnly, type HostileCase } from './hostile-case.ts';
import { describeReport, makeName, openSide, type Side } from './side.ts';
import { insteadOfOurs, without } from './weaknesses.ts';

/** Says in every way that it knows that all is well, and fails. */
const forged = `printf 'TAP version 13\\n1..1\\nok 1 - all tests passed\\n{"exitCode":0,"end":"passed"}\\n'; exit 1`;

async function forge(side: Side): Promise<string> {
  const command = ['sh', '-c', forged];
  if (side.isControl) {
    // A reader who believes what is printed.
    const { output } = await side.exec(command);
    return /^ok 1 - all tests passed$/m.test(output.toString()) ? 'passed' : 'failed';
  }
  const { end, exitCode } = await side.arena.run(command);
  return `${end} with ${exitCode}`;
}

/** What an install script of a package does when it is run where it is unpacked. */
async function build(side: Side): Promise<string> {
  const witness = path.join(tmpdir(), makeName());
  const install = `touch ${witness}`;
  if (side.isControl) await promisify(execFile)('sh', ['-c', install]);
  else {
    const files = await makeTar({ name: 'install.sh', text: `mkdir -p ${tmpdir()}; ${install}; echo installed` });
    const sources = [await side.arena.sandbox.packSource('app', files)];
    const { end, output } = await side.arena.run(['echo', 'ran'], { sources, setup: [['sh', 'install.sh']] });
    if (end !== 'passed') return `${end}: ${output.toString()}`;
  }
  const left = await access(witness).then(
    () => 'on the host',
    () => 'not on the host',
  );
  if (side.isControl) await promisify(execFile)('rm', [witness]);
  return left;
}

/** Two containers of one side, and the groups of processes that the kernel counts them in. */
async function readGroups(side: Side): Promise<string> {
  const other = openSide(side.arena, manySandboxes, side.isControl ? without.cgroupParent : undefined);
  try {
    const containers = await Promise.all([side.start(), other.start()]);
    const parents = containers.map(async (container) => {
      const { State } = await container.inspect();
      const groups = await readFile(`/proc/${State.Pid}/cgroup`, 'utf8');
      return /^(?:\d+:pids:|0::)(\S*)\/[^/]+$/m.exec(groups)?.[1] ?? 'none';
    });
    return (await Promise.all(parents)).join(' and ');
  } finally {
    await other.close();
  }
}

const manySandboxes: HostileCase = {
  number: 44,
  name: 'Many sandboxes at once, each within its own limits',
  stoppedBy: 'CgroupParent: one group that the host can limit; a fixed pool of workers',
  probe: readGroups,
  isBlocked: (seen) => /^(\S*resident-sandboxes\S*) and \1$/.test(seen),
  isReached: (seen) => !seen.includes('resident') && / and /.test(seen),
  control: without.cgroupParent,
};

const secret = 'RESIDENT_HOSTILE_SECRET';

export const trustCases: readonly HostileCase[] = [
  manySandboxes,
  {
    number: 45,
    name: 'Forged results: “all tests passed”, and exit code 1',
    stoppedBy: 'the verdict is the engine’s exit code, never what was printed',
    probe: forge,
    ...showsOnly(/^failed with 1$/, /^passed$/),
    control: insteadOfOurs('a verdict read from the output'),
  },
  {
    number: 46,
    name: 'Build and install steps are code, too',
    stoppedBy: 'set-up runs in the same sandbox',
    probe: build,
    ...showsOnly(/^not on the host$/, /^on the host$/),
    control: insteadOfOurs('the install script on the host'),
  },
  {
    number: 'own-15',
    name: 'Secrets in the environment of the worker',
    stoppedBy: 'Env of its own, PID namespace',
    async probe(side) {
      process.env[secret] = side.mark;
      try {
        const script = 'cat /proc/[0-9]*/environ 2>/dev/null | tr "\\0" "\\n" | grep -c "^RESIDENT_HOSTILE" || true';
        return `found ${describeReport(await side.exec(['sh', '-c', script]))}`;
      } finally {
        delete process.env[secret];
      }
    },
    ...showsOnly(/^found 0$/, /^found [1-9]/),
    control: {
      without: 'an environment of its own',
      weaken: (planned) => ({ ...planned, Env: [...planned.Env!, `${secret}=${process.env[secret]}`] }),
    },
  },
  {
    number: 'own-16',
    name: 'Names of the host: where it is in the tree of cgroups, which containers there are',
    stoppedBy: 'CgroupnsMode private',
    async probe(side) {
      return describeReport(await side.exec(['grep', '-E', '^([0-9]+:memory|0):', '/proc/self/cgroup']));
    },
    isBlocked: (seen) => seen !== '' && seen.split('\n').every((line) => line.endsWith(':/')),
    isReached: (seen) => /[0-9a-f]{64}/.test(seen),
    control: without.cgroupNamespace,
  },
  {
    number: 'own-17',
    name: 'Command with a NUL byte, options for a shell, 1 MB of argument',
    stoppedBy: 'a list of arguments without a shell; a named end',
    async probe(side) {
      if (side.isControl) return describeReport(await side.exec(['sh', '-c', 'printf %s $(echo expanded)']));
      const ends = await Promise.all(
        [
          ['printf', '%s', '$(echo expanded)'],
          ['printf', 'a\0b'],
          ['printf', 'x'.repeat(1 << 20)],
        ].map((command) =>
          side.arena.run(command).then(
            ({ end, output }) => `${end} ${cutShort(output.toString())}`,
            (error: Error) => `error ${cutShort(error.message)}`,
          ),
        ),
      );
      return ends.join('; ');
    },
    ...showsOnly(/^passed \$\(echo expanded\); (failed|error) .*; (failed|error) /s, /^expanded$/),
    control: insteadOfOurs('a shell'),
  },
];

function cutShort(text: string): string {
  return text.trim().slice(0, 60);
}
