import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { architectures, makeProfile, readNames, renderProfile } from '../../docker/seccomp/profile.ts';

const folder = path.resolve(import.meta.dirname, '../../docker/seccomp');
const denied = readNames('denied.txt');

describe.each(architectures)('the system-call filter for $name', (architecture) => {
  const { name, token } = architecture;
  const calls = readNames(`syscalls-${name}.txt`);
  const profile = makeProfile(token, calls, denied);
  const ruleOf = (call: string) => profile.syscalls.filter(({ names }) => names.includes(call));
  const allows = (call: string, value: number) => ({
    names: [call],
    action: 'SCMP_ACT_ALLOW',
    args: [{ index: 0, value, op: 'SCMP_CMP_EQ' }],
  });

  it('is kept as the script writes it', async () => {
    expect(readFileSync(path.join(folder, `profile-${name}.json`), 'utf8')).toBe(await renderProfile(architecture));
  });

  it('refuses what it does not name, and every call by the table of another architecture', () => {
    expect(profile).toMatchObject({ defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: 1 });
    expect(profile.archMap).toEqual([{ architecture: token, subArchitectures: [] }]);
  });

  it('allows the rest of the processor’s calls outright, and none that is denied', () => {
    const [outright] = profile.syscalls;
    expect(outright?.names).toEqual(calls.filter((call) => !denied.includes(call)));
    expect(outright?.names.length).toBeGreaterThan(270);
    expect(outright?.names.length).toBeLessThan(300);
    expect(new Set(calls).size).toBe(calls.length);
  });

  it('allows sockets of four families, and no vsock, which is in no network namespace', () => {
    expect(ruleOf('socket')).toEqual([1, 2, 10, 16].map((family) => allows('socket', family)));
  });

  it('allows the usual personalities only', () => {
    expect(ruleOf('personality')).toEqual([0, 8, 0xffffffff].map((value) => allows('personality', value)));
  });

  it('allows clone without any flag of a new namespace, and says that there is no clone3', () => {
    const namespaces = [0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000];
    const mask = namespaces.reduce((sum, flag) => sum + flag, 0);
    expect(ruleOf('clone')).toEqual([
      {
        names: ['clone'],
        action: 'SCMP_ACT_ALLOW',
        args: [{ index: 0, value: mask, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }],
      },
    ]);
    expect(ruleOf('clone3')).toEqual([{ names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 }]);
  });
});

describe('the list of denied calls', () => {
  it('names only calls that some architecture has: a slip of the pen would deny nothing', () => {
    const known = architectures.flatMap(({ name }) => readNames(`syscalls-${name}.txt`));
    expect(denied.filter((call) => !known.includes(call))).toEqual([]);
  });

  it('holds every call by which hostile code leaves its namespaces, reads others or loads code into the kernel', () => {
    const roads = ['mount', 'unshare', 'setns', 'ptrace', 'process_vm_readv', 'bpf', 'keyctl', 'io_uring_setup'];
    const more = ['init_module', 'kexec_load', 'open_by_handle_at', 'userfaultfd', 'perf_event_open', 'clock_settime'];
    expect(denied).toEqual(expect.arrayContaining([...roads, ...more]));
  });
});
