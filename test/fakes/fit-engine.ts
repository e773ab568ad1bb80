/** What an engine that holds says of itself in `docker info`. */
export const fitEngine = {
  OSType: 'linux',
  Architecture: 'x86_64',
  MemoryLimit: true,
  SwapLimit: true,
  PidsLimit: true,
  CpuCfsQuota: true,
  SecurityOptions: ['name=seccomp,profile=default', 'name=apparmor'],
} as const;
