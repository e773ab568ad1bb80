import { buffer } from 'node:stream/consumers';
import { listStatusFaults } from '../../../src/adapters/docker/policy.ts';
import { getsAtMost, refusesEach, showsOnly, type HostileCase } from './hostile-case.ts';
import { countProcesses, describeReport, type Side } from './side.ts';
import { asRootWith, insteadOfOurs, together, changed, without } from './weaknesses.ts';
import { until } from '../../until.ts';

/** Runs through the product's door until its time is over. The control ends its wait as a plain client does: it goes away. */
async function outstay(side: Side, command: readonly string[]): Promise<string> {
  const limits = { ...side.limits, timeoutMs: 1_500 };
  const { end } = side.isControl
    ? { end: (await side.exec(command, { timeoutMs: 1_500 })).end.kind }
    : await side.arena.run(command, { limits });
  return `${end}, ${await countProcesses(side.mark)} left`;
}

async function cancel(side: Side): Promise<string> {
  const stay = ['/opt/probe', 'stay', side.mark];
  if (side.isControl) {
    const { end } = await side.exec(['timeout', '1', ...stay], { timeoutMs: 2_000 });
    return `${end.kind}, ${await countProcesses(side.mark)} left`;
  }
  const controller = new AbortController();
  const run = side.arena.run(stay, { signal: controller.signal }).then(
    ({ end }) => end,
    (error: Error) => error.message,
  );
  await until('it stays', async () => (await countProcesses(side.mark)) > 0);
  const cancelledAt = performance.now();
  controller.abort(new Error('cancelled'));
  const end = await run;
  const inTime = performance.now() - cancelledAt <= 2_000 ? 'within 2 s' : 'too late';
  return `${end} ${inTime}, ${await countProcesses(side.mark)} left`;
}

async function typeAheadOnTerminal(side: Side): Promise<string> {
  const container = await side.start();
  const exec = await container.exec({ Cmd: ['/opt/probe', 'type-ahead'], User: '0:0', Tty: true, AttachStdout: true });
  const stream = await exec.start({ Tty: true });
  return (await buffer(stream)).toString().replaceAll('\r', '').trim();
}

/** A shell that calls itself twice, for ever. The control has a limit on processes, too: without it this machine would be lost. */
function explode(side: Side): Promise<string> {
  return outstay(side, ['sh', '-c', `f() { f ${side.mark} | f ${side.mark} & }; f; sleep ${side.mark}`]);
}

const noneLeft = { isReached: (seen: string) => /, [1-9]\d* left$/.test(seen) };

export const processCases: readonly HostileCase[] = [
  {
    number: 1,
    name: 'Fork bomb',
    stoppedBy: 'PidsLimit',
    probe: (side) => side.probe('forks', '400'),
    ...getsAtMost(128),
    control: without.pidsLimit,
  },
  {
    number: 14,
    name: 'Never ends, ignores all signals',
    stoppedBy: 'time limit, then SIGKILL of the container',
    probe: (side) => outstay(side, ['/opt/probe', 'stay', side.mark]),
    isBlocked: (seen) => seen === 'timed-out, 0 left',
    ...noneLeft,
    control: insteadOfOurs('a client that closes its stream'),
  },
  {
    number: 15,
    name: 'Daemon: own session, no parent, no stream',
    stoppedBy: 'PID namespace, removal of the container',
    // It comes back at once as if it had passed; what it left is gone with its container all the same.
    probe: (side) => outstay(side, ['/opt/probe', 'hide', side.mark]),
    isBlocked: (seen) => /^(passed|timed-out), 0 left$/.test(seen),
    ...noneLeft,
    control: insteadOfOurs('a client that sees the command end'),
  },
  {
    number: 16,
    name: 'Outlives a cancel',
    stoppedBy: 'removal of the container',
    probe: cancel,
    isBlocked: (seen) => seen === 'cancelled within 2 s, 0 left',
    ...noneLeft,
    control: insteadOfOurs('`timeout` inside the container'),
  },
  {
    number: 17,
    name: 'Signal to process 1, to processes of the host',
    stoppedBy: 'another user than process 1, PID namespace',
    probe: (side) => side.probe('signal', '1', String(process.pid)),
    ...refusesEach({ refused: ['ESRCH'] }),
    control: together(without.capDrop, changed('the PID namespace', { PidMode: 'host' })),
  },
  {
    number: 18,
    name: 'Eight processes that burn the processor',
    stoppedBy: 'NanoCpus',
    // So little that its share of a crowded machine is more.
    limits: { cpus: 0.08 },
    // What was burnt depends on the neighbours; whether the kernel held it back does not.
    async probe(side) {
      const burnt = await side.probe('burn', '8', '1500');
      const files = '/sys/fs/cgroup/cpu.stat /sys/fs/cgroup/cpu/cpu.stat';
      const counts = (await side.exec(['sh', '-c', `cat ${files} 2>/dev/null || true`])).output.toString();
      return `${burnt}; held back ${/nr_throttled (\d+)/.exec(counts)?.[1]} times`;
    },
    ...showsOnly(/^took (\d|[12]\d) .*held back [1-9]/s, /held back 0 times/),
    control: without.processors,
  },
  {
    number: 43,
    name: 'Sandbox that kills itself',
    stoppedBy: 'another user than process 1',
    async probe(side) {
      const killed = await side.probe('kill-all');
      const after = await side.exec(['echo', 'alive']).then(describeReport, () => 'gone');
      return `${killed}\nthen: ${after === 'alive' ? 'alive' : 'gone'}`;
    },
    ...showsOnly(/kill 1: EPERM\nkill 1 softly: EPERM[^]*then: alive$/, /then: gone$/),
    control: without.otherUser,
  },
  {
    number: 'own-1',
    name: 'Zombies without end: orphans that nobody waits for',
    stoppedBy: 'Init',
    probe: (side) => side.probe('orphans', '50'),
    ...showsOnly(/^zombies: 0$/, /^zombies: [1-9]/),
    control: without.init,
  },
  {
    number: 'own-2',
    name: 'Memory, environment and maps of process 1',
    stoppedBy: 'another user than process 1',
    probe: (side) => side.probe('memory-of', '1'),
    ...refusesEach(),
    control: asRootWith('SYS_PTRACE'),
  },
  {
    number: 'own-3',
    name: 'Program that runs from memory, to shed its confinement',
    stoppedBy: 'no-new-privileges, seccomp and CapDrop are inherited',
    probe: (side) => side.probe('from-memory', 'probe', 'confinement'),
    isBlocked: (seen) => listStatusFaults(seen).length === 0,
    isReached: (seen) => /^Seccomp:\s+0$/m.test(seen) && /^CapEff:\s+0*[1-9a-f]/m.test(seen),
    control: together(asRootWith(), without.noNewPrivileges),
  },
  {
    number: 'own-4',
    name: 'Priority over others, another user',
    stoppedBy: 'CapDrop',
    probe: (side) => side.probe('privileges'),
    ...refusesEach(),
    control: asRootWith('SYS_NICE'),
  },
  {
    number: 'own-5',
    name: 'Raise one’s own limits, hide from the out-of-memory killer',
    stoppedBy: 'CapDrop',
    probe: (side) => side.probe('raise-limits'),
    ...refusesEach(),
    control: asRootWith('SYS_RESOURCE'),
  },
  {
    number: 'own-19',
    name: 'Fork bomb that nobody bounds, until the time limit',
    stoppedBy: 'PidsLimit, then removal of the container',
    probe: explode,
    isBlocked: (seen) => seen === 'timed-out, 0 left',
    ...noneLeft,
    control: insteadOfOurs('a client that closes its stream'),
  },
  {
    number: 'own-6',
    name: 'Type into the terminal that started it (TIOCSTI)',
    stoppedBy: 'Tty: false',
    probe: (side) => (side.isControl ? typeAheadOnTerminal(side) : side.probe('type-ahead')),
    ...refusesEach({ refused: ['ENOTTY'] }),
    control: { ...asRootWith('SYS_ADMIN'), without: 'Tty: false, CapDrop and seccomp' },
  },
];
