import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { format } from 'prettier';

/**
 * Writes the sandbox's seccomp profiles: every system call of an architecture minus the reviewed deny list, with rules
 * on arguments for the four calls that are safe only in part. Run `npx tsx docker/seccomp/make-profile.ts` after an edit
 * of `denied.txt` or of a `syscalls-<arch>.txt`, and review the difference.
 *
 * `--names <header>` prints the call names of a kernel header, which is how the `syscalls-*.txt` lists are made:
 * `<asm/unistd_64.h>` for x86_64, `<asm-generic/unistd.h>` for arm64.
 */
const folder = import.meta.dirname;

const architectures = [
  { name: 'x86_64', token: 'SCMP_ARCH_X86_64' },
  { name: 'arm64', token: 'SCMP_ARCH_AARCH64' },
] as const;

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET of <linux/sched.h>. */
const newNamespaceFlags = 0x7e020000;
/** AF_UNIX, AF_INET, AF_INET6, AF_NETLINK: no vsock (it is in no network namespace), packet, alg or bluetooth. */
const socketFamilies = [1, 2, 10, 16];
/** PER_LINUX, PER_LINUX32 and the query for the present value. */
const personalities = [0, 8, 0xffffffff];
const enosys = 38;

function makeProfile(token: string, calls: readonly string[], denied: readonly string[]) {
  const equals = (value: number) => [{ index: 0, value, op: 'SCMP_CMP_EQ' }];
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: 1,
    // No sub-architectures: a 32-bit call through `int 0x80` ends the process with SIGSYS.
    archMap: [{ architecture: token, subArchitectures: [] }],
    syscalls: [
      { names: calls.filter((call) => !denied.includes(call)), action: 'SCMP_ACT_ALLOW' },
      ...socketFamilies.map((family) => ({ names: ['socket'], action: 'SCMP_ACT_ALLOW', args: equals(family) })),
      ...personalities.map((value) => ({ names: ['personality'], action: 'SCMP_ACT_ALLOW', args: equals(value) })),
      {
        names: ['clone'],
        action: 'SCMP_ACT_ALLOW',
        args: [{ index: 0, value: newNamespaceFlags, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }],
      },
      // Its flags are behind a pointer, so it cannot be filtered; ENOSYS makes libc fall back to clone.
      { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: enosys },
    ],
  };
}

function readNames(file: string): string[] {
  return readFileSync(path.join(folder, file), 'utf8')
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '');
}

function listHeaderNames(header: string): string[] {
  const names = [...readFileSync(header, 'utf8').matchAll(/^#define __NR(?:3264)?_(\w+)\s/gm)].map(([, name]) => name!);
  const notCalls = ['syscalls', 'arch_specific_syscall'];
  return [...new Set(names)].filter((name) => !notCalls.includes(name)).sort();
}

const [option, header] = process.argv.slice(2);
if (option === '--names' && header) {
  console.log(listHeaderNames(header).join('\n'));
} else {
  const denied = readNames('denied.txt');
  for (const { name, token } of architectures) {
    const profile = makeProfile(token, readNames(`syscalls-${name}.txt`), denied);
    const file = path.join(folder, `profile-${name}.json`);
    writeFileSync(file, await format(JSON.stringify(profile), { parser: 'json', printWidth: 120 }));
    console.log(`${path.basename(file)}: ${profile.syscalls[0]?.names.length ?? 0} calls allowed outright`);
  }
}
