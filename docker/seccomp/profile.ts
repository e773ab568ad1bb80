import { readFileSync } from 'node:fs';
import path from 'node:path';
import { format } from 'prettier';

const folder = import.meta.dirname;

export const architectures = [
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

/** Every system call that is not denied, and the rules on arguments for those that are safe only in part. */
export function makeProfile(token: string, calls: readonly string[], denied: readonly string[]) {
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

/** The names of a list; what follows a `#` is a comment. */
export function readNames(file: string): string[] {
  return readFileSync(path.join(folder, file), 'utf8')
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '');
}

/** The profile of one architecture as it is kept: the text of `profile-<name>.json`. */
export async function renderProfile({ name, token }: (typeof architectures)[number]): Promise<string> {
  const profile = makeProfile(token, readNames(`syscalls-${name}.txt`), readNames('denied.txt'));
  return format(JSON.stringify(profile), { parser: 'json', printWidth: 120 });
}
