/**
 * Writes the sandbox's seccomp profiles: every system call of an architecture minus the reviewed deny list, with rules
 * on arguments for the four calls that are safe only in part. Run `npx tsx docker/seccomp/make-profile.ts` after an edit
 * of `denied.txt` or of a `syscalls-<arch>.txt`, and review the difference.
 *
 * `--names <header>` prints the call names of a kernel header, which is how the `syscalls-*.txt` lists are made:
 * `<asm/unistd_64.h>` for x86_64, `<asm-generic/unistd.h>` for arm64.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { architectures, renderProfile } from './profile.ts';

function listHeaderNames(header: string): string[] {
  const names = [...readFileSync(header, 'utf8').matchAll(/^#define __NR(?:3264)?_(\w+)\s/gm)].map(([, name]) => name!);
  const notCalls = ['syscalls', 'arch_specific_syscall'];
  return [...new Set(names)].filter((name) => !notCalls.includes(name)).sort();
}

const [option, header] = process.argv.slice(2);
if (option === '--names' && header) {
  console.log(listHeaderNames(header).join('\n'));
} else {
  for (const architecture of architectures) {
    const file = path.join(import.meta.dirname, `profile-${architecture.name}.json`);
    writeFileSync(file, await renderProfile(architecture));
    console.log(`${path.basename(file)} is written.`);
  }
}
