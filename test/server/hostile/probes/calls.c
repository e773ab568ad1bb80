/*
 * System calls that sandboxed code has no business with. Their arguments are harmless or wrong on purpose: an answer such as EINVAL
 * or EBADF shows that the kernel looked at the call, EPERM that it was refused before. A call that this processor does not have is
 * tried by the number -1, which no kernel knows (ENOSYS).
 */
#include "probe.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <unistd.h>

#ifndef SYS_iopl
#define SYS_iopl -1
#define SYS_ioperm -1
#define SYS_modify_ldt -1
#endif
#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif

struct call {
  const char *name;
  long number;
  long with[5];
};

static long make_call(const void *given) {
  const struct call *call = given;
  return syscall(call->number, call->with[0], call->with[1], call->with[2], call->with[3], call->with[4]);
}

static int try_calls(const struct call *calls) {
  for (; calls->name; calls++) tell_child(calls->name, make_call, calls);
  return 0;
}

#define AT(text) ((long)(text))

static int mounts(arguments none) {
  (void)none;
  return try_calls((const struct call[]){
      {"mount", SYS_mount, {AT("none"), AT("/open"), AT("tmpfs"), 0, 0}},
      {"remount /proc/sys", SYS_mount, {0, AT("/proc/sys"), 0, MS_REMOUNT | MS_BIND, 0}},
      {"umount2", SYS_umount2, {AT("/nowhere"), 0}},
      {"pivot_root", SYS_pivot_root, {AT("/nowhere"), AT("/nowhere")}},
      {"chroot", SYS_chroot, {AT("/")}},
      {"fsopen", SYS_fsopen, {AT("tmpfs"), 0}},
      {"fspick", SYS_fspick, {AT_FDCWD, AT("/nowhere"), 0}},
      {"open_tree", SYS_open_tree, {AT_FDCWD, AT("/"), 1}},
      {"move_mount", SYS_move_mount, {-1, AT(""), -1, AT(""), 4}},
      {"mount_setattr", 442, {-1, AT(""), 0x1000, 0, 0}},
      {0}});
}

static int namespaces(arguments none) {
  (void)none;
  return try_calls((const struct call[]){
      {"unshare user", SYS_unshare, {CLONE_NEWUSER}},
      {"unshare mount", SYS_unshare, {CLONE_NEWNS}},
      {"unshare net", SYS_unshare, {CLONE_NEWNET}},
      {"unshare pid", SYS_unshare, {CLONE_NEWPID}},
      {"clone user", SYS_clone, {CLONE_NEWUSER | SIGCHLD}},
      {"clone3", SYS_clone3, {0, 0}},
      {"setns", SYS_setns, {-1, 0}},
      {"sethostname", SYS_sethostname, {AT("hostile"), 7}},
      {0}});
}

static int other_processes(arguments none) {
  (void)none;
  return try_calls((const struct call[]){
      {"ptrace", SYS_ptrace, {0}},
      {"process_vm_readv", SYS_process_vm_readv, {1, 0, 0, 0, 0}},
      {"process_vm_writev", SYS_process_vm_writev, {1, 0, 0, 0, 0}},
      {"kcmp", SYS_kcmp, {getpid(), getpid(), 0, 0, 1}},
      {"pidfd_getfd", SYS_pidfd_getfd, {-1, 0, 0}},
      {"process_madvise", SYS_process_madvise, {-1, 0, 0, 0}},
      {0}});
}

static int keyring(arguments none) {
  (void)none;
  return try_calls((const struct call[]){
      {"add_key", SYS_add_key, {AT("user"), AT("hostile"), AT("x"), 1, KEY_SPEC_PROCESS_KEYRING}},
      {"request_key", SYS_request_key, {AT("user"), AT("no such key"), 0, 0}},
      {"keyctl", SYS_keyctl, {KEYCTL_GET_KEYRING_ID, KEY_SPEC_PROCESS_KEYRING, 1}},
      {0}});
}

static int kernel_surfaces(arguments none) {
  (void)none;
  return try_calls((const struct call[]){
      {"bpf", SYS_bpf, {0, 0, 0}},
      {"perf_event_open", SYS_perf_event_open, {0, 0, -1, -1, 0}},
      {"userfaultfd", SYS_userfaultfd, {0}},
      {"io_uring_setup", SYS_io_uring_setup, {1, 0}},
      {"io_uring_enter", SYS_io_uring_enter, {-1, 0, 0, 0, 0}},
      {"io_uring_register", SYS_io_uring_register, {-1, 0, 0, 0}},
      {"open_by_handle_at", SYS_open_by_handle_at, {-1, 0, 0}},
      {"name_to_handle_at", SYS_name_to_handle_at, {AT_FDCWD, AT("/"), 0, 0, 0}},
      {"fanotify_init", SYS_fanotify_init, {0, 0}},
      {"memfd_secret", SYS_memfd_secret, {0}},
      {"mbind", SYS_mbind, {0, 0, 0, 0, 0}},
      {"move_pages", SYS_move_pages, {0, 0, 0, 0, 0}},
      {"personality", SYS_personality, {0x0040000}},
      {0}});
}

static int machine(arguments none) {
  (void)none;
  return try_calls((const struct call[]){
      {"init_module", SYS_init_module, {0, 0, AT("")}},
      {"finit_module", SYS_finit_module, {-1, AT(""), 0}},
      {"delete_module", SYS_delete_module, {AT("no_such_module"), 0}},
      {"kexec_load", SYS_kexec_load, {0, 0, 0, 0x7fff}},
      {"reboot", SYS_reboot, {0, 0, 0}},
      {"swapon", SYS_swapon, {AT("/nowhere"), 0}},
      {"swapoff", SYS_swapoff, {AT("/nowhere")}},
      {"acct", SYS_acct, {AT("/nowhere")}},
      {"quotactl", SYS_quotactl, {-1, AT("/nowhere"), 0, 0}},
      {"syslog", SYS_syslog, {10, 0, 0}},
      {"iopl", SYS_iopl, {3}},
      {"ioperm", SYS_ioperm, {0x80, 1, 1}},
      {"modify_ldt", SYS_modify_ldt, {0, 0, 0}},
      {0}});
}

/* Writes the frequency that the clock has already. */
static long same_frequency(const void *none) {
  (void)none;
  struct timex now = {.modes = 0};
  if (adjtimex(&now) < 0) return -1;
  now.modes = ADJ_FREQUENCY;
  return adjtimex(&now);
}

static int clocks(arguments none) {
  (void)none;
  /* Nanoseconds that no clock has: the kernel answers EINVAL and sets nothing. */
  static const long impossible[] = {0, 4000000000L};
  try_calls((const struct call[]){
      {"clock_settime", SYS_clock_settime, {0, AT(impossible)}},
      {"settimeofday", SYS_settimeofday, {AT(impossible), 0}},
      {0}});
  tell_child("adjtimex", same_frequency, 0);
  return 0;
}

static int sockets(arguments none) {
  (void)none;
  return try_calls((const struct call[]){
      {"vsock", SYS_socket, {40, SOCK_STREAM, 0}},
      {"alg", SYS_socket, {38, SOCK_SEQPACKET, 0}},
      {"packet", SYS_socket, {AF_PACKET, SOCK_RAW, 0}},
      {"raw icmp", SYS_socket, {AF_INET, SOCK_RAW, 1}},
      {"key", SYS_socket, {AF_KEY, SOCK_RAW, 2}},
      {"bluetooth", SYS_socket, {AF_BLUETOOTH, SOCK_RAW, 1}},
      {"xdp", SYS_socket, {44, SOCK_RAW, 0}},
      {"rds", SYS_socket, {21, SOCK_SEQPACKET, 0}},
      {"tipc", SYS_socket, {30, SOCK_SEQPACKET, 0}},
      {0}});
}

/* getpid by the 32-bit table of an x86 kernel, and by the x32 one. */
static long by_ia32(const void *none) {
  (void)none;
#ifdef __x86_64__
  long result = 20;
  __asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
  return result;
#else
  errno = ENOSYS;
  return -1;
#endif
}

static int other_tables(arguments none) {
  (void)none;
  tell_child("int 0x80", by_ia32, 0);
  return try_calls((const struct call[]){{"x32", 0x40000000 + SYS_getpid, {0}}, {0}});
}

const struct probe call_probes[] = {{"mounts", mounts},         {"namespaces", namespaces}, {"other-processes", other_processes},
                                    {"keyring", keyring},       {"kernel-surfaces", kernel_surfaces},
                                    {"machine", machine},       {"clocks", clocks},         {"sockets", sockets},
                                    {"other-tables", other_tables}, {0}};
