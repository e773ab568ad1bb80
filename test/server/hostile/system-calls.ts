import { refusesEach, showsOnly, type HostileCase } from './hostile-case.ts';
import { asRootWith, changed, together, without } from './weaknesses.ts';

/** System calls, and the files of the kernel. The probes say which calls; see `probes/calls.c`. */
export const systemCallCases: readonly HostileCase[] = [
  {
    number: 23,
    name: 'Calls by the 32-bit and x32 tables',
    stoppedBy: 'seccomp without sub-architectures',
    probe: (side) => side.probe('other-tables'),
    ...refusesEach(),
    control: without.ourSeccomp,
  },
  {
    number: 24,
    name: 'Mounts: mount, remount, umount, pivot_root, fsopen, open_tree …',
    stoppedBy: 'seccomp, CapDrop',
    probe: (side) => side.probe('mounts'),
    ...refusesEach(),
    control: asRootWith('SYS_ADMIN'),
  },
  {
    number: 25,
    name: 'New namespaces: unshare, clone, clone3, setns',
    stoppedBy: 'seccomp alone: user namespaces need no capability',
    probe: (side) => side.probe('namespaces'),
    ...refusesEach(),
    control: asRootWith('SYS_ADMIN'),
  },
  {
    number: 26,
    name: 'Other processes: ptrace, process_vm_*, kcmp, pidfd_getfd',
    stoppedBy: 'seccomp',
    probe: (side) => side.probe('other-processes'),
    ...refusesEach(),
    control: asRootWith('SYS_PTRACE'),
  },
  {
    number: 27,
    name: 'Kernel keyring',
    stoppedBy: 'seccomp',
    probe: (side) => side.probe('keyring'),
    ...refusesEach(),
    control: without.seccomp,
  },
  {
    number: 28,
    name: 'Surfaces with a record: bpf, perf, userfaultfd, io_uring, handles …',
    stoppedBy: 'seccomp',
    probe: (side) => side.probe('kernel-surfaces'),
    ...refusesEach(),
    control: asRootWith('SYS_ADMIN', 'SYS_PTRACE', 'DAC_READ_SEARCH'),
  },
  {
    number: 29,
    name: 'The machine: modules, kexec, reboot, swap, acct, syslog, iopl …',
    stoppedBy: 'seccomp, CapDrop',
    probe: (side) => side.probe('machine'),
    ...refusesEach(),
    control: asRootWith('SYS_ADMIN', 'SYS_MODULE', 'SYS_BOOT', 'SYS_PACCT', 'SYS_RAWIO', 'SYSLOG'),
  },
  {
    number: 30,
    name: 'Clocks: clock_settime, settimeofday, adjtimex',
    stoppedBy: 'seccomp, CapDrop',
    probe: (side) => side.probe('clocks'),
    ...refusesEach(),
    control: asRootWith('SYS_TIME'),
  },
  {
    number: 31,
    name: 'Device nodes',
    stoppedBy: 'CapDrop (and nodev, and the device cgroup)',
    probe: (side) => side.probe('mknod', '/sandbox/device'),
    ...refusesEach(),
    control: without.capDrop,
  },
  {
    number: 32,
    name: 'Set-id root program of the image',
    stoppedBy: 'no-new-privileges',
    async probe(side) {
      return (await side.exec(['/opt/set-id-probe', 'effective-user'])).output.toString().trim();
    },
    ...showsOnly(/^euid 65533$/, /^euid 0$/),
    control: without.noNewPrivileges,
  },
  {
    number: 34,
    name: 'Files of the kernel: core_pattern, sysrq, modprobe, uevent_helper, sysfs, kcore …',
    stoppedBy: 'read-only and masked paths, CapDrop',
    async probe(side) {
      const written = ['/proc/sys/kernel/core_pattern', '/proc/sys/kernel/hostname', '/proc/sys/vm/overcommit_memory'];
      const kernel = ['/proc/sysrq-trigger', '/proc/irq/default_smp_affinity', '/proc/sys/kernel/modprobe'];
      const helpers = ['/sys/kernel/uevent_helper', '/sys/fs/cgroup/memory/release_agent'];
      const sysfs = ['/sys/kernel/mm/transparent_hugepage/enabled'];
      const opened = await side.probe('write-open', ...written, ...kernel, ...helpers, ...sysfs);
      return `${opened}\n${await side.probe('read-bytes', '/proc/kcore', '/proc/timer_list')}`;
    },
    // A masked file is empty. That of a kernel without it is absent on both sides.
    ...refusesEach({ absent: ['ENOENT'], refused: ['ENODATA'] }),
    control: together(asRootWith('SYS_ADMIN', 'SYS_RAWIO'), changed('masked paths', { MaskedPaths: [] })),
  },
  {
    number: 'own-10',
    name: 'Raise one’s own limits through the cgroup files',
    stoppedBy: 'read-only mounts, seccomp, CapDrop',
    async probe(side) {
      const v1 = ['memory/memory.limit_in_bytes', 'pids/pids.max', 'cpu/cpu.cfs_quota_us', 'memory/cgroup.procs'];
      const v2 = ['memory.max', 'pids.max', 'cpu.max', 'cgroup.procs'];
      const cgroup = [...v1, ...v2].map((file) => `/sys/fs/cgroup/${file}`);
      return side.probe('write-open', ...cgroup);
    },
    ...refusesEach({ absent: ['ENOENT'] }),
    control: asRootWith('SYS_ADMIN'),
  },
];
