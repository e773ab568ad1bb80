import { readFile } from 'node:fs/promises';
import { execa } from 'execa';
import { getsAtMost, NoControlHere, refusesEach, showsOnly, type HostileCase } from './hostile-case.ts';
import { describeReport } from './side.ts';
import { together, without } from './weaknesses.ts';

/** Of the limits that the suite uses: 128 MB of memory, half of it the work folder, an eighth of it /tmp. */
const workMb = 64;
const sharedMb = 4;

const touchAll = `
  grep ' rw[ ,]' /proc/self/mountinfo | while read -r _ _ _ _ folder rest; do
    if touch "$folder/written" 2>/dev/null; then echo "$folder \${rest##* - }"; fi
  done`;

const withVolume = {
  without: 'the refusal of volumes',
  weaken: (planned: object) => ({ ...planned, Volumes: { '/open': {} } }) as never,
};

export const memoryAndDiskCases: readonly HostileCase[] = [
  {
    number: 2,
    name: 'Memory bomb',
    stoppedBy: 'Memory = MemorySwap',
    probe: (side) => side.probe('memory', '300'),
    ...showsOnly(/^\[exit 137\]$/, /^took 300 MB$/),
    control: without.memory,
  },
  {
    number: 3,
    name: 'Memory bomb as the child of process 1',
    stoppedBy: 'Memory = MemorySwap',
    arrange: (planned) => ({ ...planned, Cmd: ['/opt/probe', 'memory', '300'] }),
    async probe(side) {
      const container = await side.start();
      await container.wait();
      const { State } = await container.inspect();
      return `exit ${State.ExitCode}, OOMKilled ${State.OOMKilled}`;
    },
    ...showsOnly(/^exit 137, OOMKilled true$/, /^exit 0, OOMKilled false$/),
    control: without.memory,
  },
  {
    number: 4,
    name: '30 processes of 20 MB',
    stoppedBy: 'Memory, for the group',
    probe: (side) => side.probe('crowd', '30', '20'),
    isBlocked: (seen) => Number(/^took (\d+) MB/m.exec(seen)?.[1] ?? Number.NaN) <= 128 || seen === '[exit 137]',
    isReached: (seen) => seen === 'took 600 MB',
    control: without.memory,
  },
  {
    number: 5,
    name: 'Work folder filled up',
    stoppedBy: 'Tmpfs size',
    probe: (side) => side.probe('fill', '/sandbox', '100'),
    ...getsAtMost(workMb),
    control: without.tmpfsSize,
  },
  {
    number: 6,
    name: 'Folders in memory that leave no memory to run',
    stoppedBy: 'the rule of sizes: work + tmp + room to run <= Memory',
    async probe(side) {
      await side.probe('fill', '/sandbox', '200');
      await side.probe('fill', '/tmp', '200');
      return side.probe('memory', '20');
    },
    // Without room even a new process cannot start, or process 1 goes with the others.
    ...showsOnly(/^took 20 MB$/, /^\[(exit 137|cut-off)\]$|OCI runtime exec failed/),
    control: without.tmpfsSize,
  },
  {
    number: 7,
    name: 'Flood of inodes',
    stoppedBy: 'Tmpfs nr_inodes',
    probe: (side) => side.probe('inodes', '/tmp', '12000'),
    ...getsAtMost(8192),
    control: without.tmpfsInodes,
  },
  {
    number: 8,
    name: 'Disk filled through the root file system',
    stoppedBy: 'ReadonlyRootfs',
    probe: (side) => side.probe('fill', '/open', '32'),
    ...getsAtMost(0),
    control: without.readOnlyRoot,
  },
  {
    number: 9,
    name: 'One big file',
    stoppedBy: 'Ulimits fsize, Tmpfs size',
    probe: (side) => side.probe('fill', '/sandbox', '100', '1000'),
    ...getsAtMost(workMb),
    control: together(without.fsize, without.tmpfsSize, without.memory),
  },
  {
    number: 10,
    name: 'Any writable place that is not bounded memory',
    stoppedBy: 'no volume, no bind mount, ReadonlyRootfs, Ulimits msgqueue',
    async probe(side) {
      return describeReport(await side.exec(['sh', '-c', touchAll]));
    },
    isBlocked: (seen) => seen !== '' && seen.split('\n').every((line) => / tmpfs tmpfs \S*size=\d+k/.test(line)),
    isReached: (seen) => /^\/open (?!tmpfs)/m.test(seen),
    control: withVolume,
  },
  {
    number: 11,
    name: 'Sparse file of 100 GB',
    stoppedBy: 'Ulimits fsize',
    probe: (side) => side.probe('sparse', '/sandbox/sparse', '100'),
    ...getsAtMost(0),
    control: without.fsize,
  },
  {
    number: 19,
    name: 'Leak of file descriptors',
    stoppedBy: 'Ulimits nofile',
    probe: (side) => side.probe('descriptors', '4000'),
    ...getsAtMost(1024),
    control: without.nofile,
  },
  {
    number: 39,
    name: 'Archive that unpacks to 100 times its size, inside',
    stoppedBy: 'Tmpfs size, Ulimits fsize',
    async probe(side) {
      const pack = `head -c ${100 << 20} /dev/zero | gzip >/sandbox/bomb`;
      const script = `${pack}; gzip -dc /sandbox/bomb >/sandbox/out 2>/dev/null; stat -c 'unpacked %s' /sandbox/out`;
      return describeReport(await side.exec(['sh', '-c', script]));
    },
    isBlocked: (seen) => Number(/unpacked (\d+)/.exec(seen)?.[1] ?? Number.NaN) <= workMb << 20,
    isReached: (seen) => seen === `unpacked ${100 << 20}`,
    control: together(without.fsize, without.tmpfsSize, without.memory),
  },
  {
    number: 'own-7',
    name: 'Core file of a crash, with the memory of the process in it',
    stoppedBy: 'Ulimits core',
    async probe(side) {
      const pattern = await readFile('/proc/sys/kernel/core_pattern', 'utf8');
      if (side.isControl && /^[|/]/.test(pattern)) throw new NoControlHere('this kernel leaves cores in another place');
      return side.probe('crash');
    },
    ...showsOnly(/^core files: 0$/, /^core files: [1-9]/),
    control: without.core,
  },
  {
    number: 'own-8',
    name: 'Shared memory filled up',
    stoppedBy: 'Tmpfs size',
    probe: (side) => side.probe('fill', '/dev/shm', '10'),
    ...getsAtMost(sharedMb),
    control: without.tmpfsSize,
  },
  {
    number: 'own-20',
    name: 'Shared memory of the host’s processes (System V)',
    stoppedBy: 'IpcMode none',
    async probe(side) {
      const made = await execa('ipcmk', ['--shmem', '4096'], { reject: false });
      const id = /id: (\d+)/.exec(made.stdout)?.[1];
      if (id === undefined) throw new NoControlHere(`ipcmk made no segment: ${made.stderr || made.message}`);
      try {
        const seen = await side.exec(['sh', '-c', `grep -cw ${id} /proc/sysvipc/shm`]);
        return describeReport(seen);
      } finally {
        await execa('ipcrm', ['--shmem-id', id]);
      }
    },
    ...showsOnly(/^0\b/, /^[1-9]/),
    control: without.ipcMode,
  },
  {
    number: 'own-12',
    name: 'Message queues, whose memory is the kernel’s',
    stoppedBy: 'Ulimits msgqueue',
    probe: (side) => side.probe('create', '/dev/mqueue/hostile'),
    ...refusesEach({ refused: ['EMFILE'] }),
    control: without.msgqueue,
  },
  {
    number: 'own-9',
    name: 'Program started from /tmp',
    stoppedBy: 'Tmpfs noexec',
    async probe(side) {
      const script = 'cp /opt/probe /tmp/copy && /tmp/copy effective-user';
      return describeReport(await side.exec(['sh', '-c', script]));
    },
    ...showsOnly(/Permission denied/, /^euid/m),
    control: without.tmpfsNoexec,
  },
];
