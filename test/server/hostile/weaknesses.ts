import { keeperUser } from '../../../src/adapters/docker/policy.ts';
import type { Weakness } from './hostile-case.ts';
import type { Planned } from './side.ts';

type HostConfig = Planned['HostConfig'];

const change = (fields: Partial<HostConfig>) => (planned: Planned) => {
  return { ...planned, HostConfig: { ...planned.HostConfig, ...fields } };
};
const changeTmpfs = (edit: (options: string) => string) => (planned: Planned) => {
  const tmpfs = Object.entries(planned.HostConfig.Tmpfs as Record<string, string>);
  return change({ Tmpfs: Object.fromEntries(tmpfs.map(([folder, options]) => [folder, edit(options)])) })(planned);
};
const dropUlimit = (name: string) => (planned: Planned) => {
  return change({ Ulimits: planned.HostConfig.Ulimits!.filter(({ Name }) => Name !== name) })(planned);
};

/**
 * Each takes exactly one setting away from the planned container: the mutations of the sandbox. A case of the hostile suite must
 * notice each of them.
 */
export const without = {
  ourSeccomp: {
    without: 'our seccomp profile (the engine’s own instead)',
    weaken: change({ SecurityOpt: ['no-new-privileges'] }),
  },
  seccomp: {
    without: 'any seccomp profile',
    weaken: change({ SecurityOpt: ['no-new-privileges', 'seccomp=unconfined'] }),
  },
  // The engine gives an exec no more capabilities than process 1 has, and that has none unless it is root.
  capDrop: {
    without: 'CapDrop, and as uid 0',
    weaken: (planned: Planned) => ({ ...change({ CapDrop: [] })(planned), User: '0:0' }),
    user: '0:0',
  },
  noNewPrivileges: {
    without: 'no-new-privileges',
    weaken: (planned: Planned) => {
      const options = planned.HostConfig.SecurityOpt as string[];
      return change({ SecurityOpt: options.filter((option) => option !== 'no-new-privileges') })(planned);
    },
  },
  readOnlyRoot: { without: 'ReadonlyRootfs', weaken: change({ ReadonlyRootfs: false }) },
  network: {
    without: 'NetworkMode none (the host’s network instead)',
    weaken: change({ NetworkMode: 'host' }),
  },
  otherUser: { without: 'a user of its own (process 1’s instead)', user: keeperUser },
  pidsLimit: { without: 'PidsLimit', weaken: change({ PidsLimit: -1 }) },
  memory: { without: 'Memory', weaken: change({ Memory: 0, MemorySwap: 0 }) },
  processors: { without: 'NanoCpus', weaken: change({ NanoCpus: 0 }) },
  nofile: { without: 'Ulimits nofile', weaken: dropUlimit('nofile') },
  fsize: { without: 'Ulimits fsize', weaken: dropUlimit('fsize') },
  msgqueue: { without: 'Ulimits msgqueue', weaken: dropUlimit('msgqueue') },
  // Unlimited in so many words, for an engine may itself run with none allowed.
  core: {
    without: 'Ulimits core',
    weaken: (planned: Planned) => {
      const Ulimits = planned.HostConfig.Ulimits!.filter(({ Name }) => Name !== 'core');
      return change({ Ulimits: [...Ulimits, { Name: 'core', Soft: -1, Hard: -1 }] })(planned);
    },
  },
  tmpfsSize: {
    without: 'a size of the folders in memory',
    weaken: (planned: Planned) => changeTmpfs((options) => options.replace(/size=\d+/, 'size=1g'))(planned),
  },
  tmpfsInodes: {
    without: 'nr_inodes of the folders in memory',
    weaken: changeTmpfs((options) => options.replace(/nr_inodes=\d+,?/, '')),
  },
  tmpfsNoexec: { without: 'noexec on /tmp', weaken: changeTmpfs((options) => options.replace('noexec', 'exec')) },
  logConfig: { without: 'LogConfig none', weaken: change({ LogConfig: { Type: 'json-file', Config: {} } }) },
  init: { without: 'Init', weaken: change({ Init: false }) },
  ipcMode: { without: 'IpcMode none', weaken: change({ IpcMode: 'host' }) },
  cgroupNamespace: { without: 'CgroupnsMode private', weaken: change({ CgroupnsMode: 'host' }) },
  cgroupParent: { without: 'CgroupParent', weaken: change({ CgroupParent: '' }) },
} satisfies Record<string, Weakness>;

/** Several weaknesses at once, where one alone does not open the way. */
export function together(...weaknesses: readonly Weakness[]): Weakness {
  const user = weaknesses.find((weakness) => weakness.user !== undefined)?.user;
  return {
    without: weaknesses.map((weakness) => weakness.without).join(', '),
    weaken: (planned) => weaknesses.reduce((sum, { weaken }) => weaken?.(sum) ?? sum, planned),
    ...(user === undefined ? {} : { user }),
  };
}

/** Root, with these capabilities beside the usual ones, and nothing that filters: no seccomp, no AppArmor, no SELinux. */
export function asRootWith(...capabilities: readonly string[]): Weakness {
  const unfiltered = ['no-new-privileges', 'seccomp=unconfined', 'apparmor=unconfined', 'label=disable'];
  const more = { without: '', weaken: change({ SecurityOpt: unfiltered, CapAdd: [...capabilities] }) };
  const named = capabilities.length > 0 ? `, with ${capabilities.join(', ')}` : '';
  return { ...together(without.capDrop, more), without: `CapDrop and seccomp, as uid 0${named}` };
}

export function changed(what: string, fields: Partial<HostConfig>): Weakness {
  return { without: what, weaken: change(fields) };
}

/** Where our own code is what stops a case: the control goes around it. */
export function insteadOfOurs(what: string): Weakness {
  return { without: `our code: ${what}` };
}
