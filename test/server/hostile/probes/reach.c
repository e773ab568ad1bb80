/* Programs that reach for what lies outside: files, devices, addresses. Nothing is written to what is opened. */
#include "probe.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

/*
 * write-open <path…>: opens for writing and closes again. Where a mount is read-only it tries to change that before. The sysfs of a
 * network namespace is a file system of its own, and read-only as a whole.
 */
static int write_open(arguments given) {
  for (; *given; given++) {
    int file = open(*given, O_WRONLY | O_CLOEXEC);
    if (file < 0 && errno == EROFS) {
      char folder[256];
      snprintf(folder, sizeof folder, "%s", *given);
      /* A mount that covers the file itself, or a folder above it. */
      while (mount(NULL, folder, NULL, MS_REMOUNT | MS_BIND, NULL) < 0 && errno == EINVAL && strrchr(folder, '/') > folder) {
        *strrchr(folder, '/') = 0;
      }
      if (!strcmp(folder, "/sys")) mount(NULL, folder, NULL, MS_REMOUNT, NULL);
      file = open(*given, O_WRONLY | O_CLOEXEC);
    }
    tell(*given, file);
    if (file >= 0) close(file);
  }
  return 0;
}

/* read-bytes <path…>: an empty or masked file reads as ENODATA. */
static int read_bytes(arguments given) {
  for (; *given; given++) {
    char byte[16];
    int file = open(*given, O_RDONLY | O_CLOEXEC);
    long got = file < 0 ? -1 : read(file, byte, sizeof byte);
    if (got == 0) errno = ENODATA;
    tell(*given, got > 0 ? 0 : -1);
    if (file >= 0) close(file);
  }
  return 0;
}

/* create <path…>: makes a new file. */
static int create(arguments given) {
  for (; *given; given++) tell(*given, open(*given, O_WRONLY | O_CREAT | O_EXCL, 0600));
  return 0;
}

/* mknod <path>: the device of /dev/zero, made and opened. */
static int make_device(arguments given) {
  tell("mknod", mknod(given[0], S_IFCHR | 0666, makedev(1, 5)));
  return 0;
}

static int connect_to(const char *what, const struct sockaddr *address, socklen_t length, int kind) {
  int end = socket(address->sa_family, kind | SOCK_CLOEXEC, 0);
  long result = end < 0 ? -1 : connect(end, address, length);
  if (result == 0 && kind == SOCK_DGRAM) result = send(end, "hostile", 7, 0);
  tell(what, result);
  if (end >= 0) close(end);
  return 0;
}

/* tcp|udp <IPv4 address> <port> */
static int by_internet(const char *what, arguments given, int kind) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(number(given, 1, 9))};
  inet_pton(AF_INET, given[0], &address.sin_addr);
  return connect_to(what, (struct sockaddr *)&address, sizeof address, kind);
}

static int tcp(arguments given) { return by_internet("tcp", given, SOCK_STREAM); }
static int udp(arguments given) { return by_internet("udp", given, SOCK_DGRAM); }

/* unix-socket <path>; a name that begins with @ is abstract: it lives in the network namespace, not in a folder. */
static int unix_socket(arguments given) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, given[0], sizeof address.sun_path - 1);
  /* Node pads the names of its abstract sockets with zeros, and every byte counts. */
  if (given[0][0] == '@') address.sun_path[0] = 0;
  return connect_to("unix", (struct sockaddr *)&address, sizeof address, SOCK_STREAM);
}

/* effective-user: whom a set-id program makes of the caller. */
static int effective_user(arguments none) {
  (void)none;
  printf("euid %d\n", geteuid());
  return 0;
}

static void raise_limit(const char *what, int which) {
  struct rlimit limit;
  getrlimit(which, &limit);
  if (limit.rlim_max == RLIM_INFINITY) limit.rlim_max -= 2;
  limit.rlim_max += 1;
  tell(what, setrlimit(which, &limit));
}

static int raise_limits(arguments none) {
  (void)none;
  raise_limit("nofile", RLIMIT_NOFILE);
  raise_limit("fsize", RLIMIT_FSIZE);
  raise_limit("core", RLIMIT_CORE);
  int score = open("/proc/self/oom_score_adj", O_WRONLY);
  tell("oom_score_adj -500", score < 0 ? -1 : write(score, "-500", 4));
  return 0;
}

/* type-ahead: pushes a byte into the terminal that it was started from, as if a person had typed it. */
static int type_ahead(arguments none) {
  (void)none;
  tell("TIOCSTI", ioctl(0, TIOCSTI, "#"));
  return 0;
}

/* crash: dies of SIGSEGV in a child, and tells whether a core file was left in this folder. */
static int crash(arguments none) {
  (void)none;
  if (system("sh -c 'kill -SEGV $$' 2>/dev/null") < 0) return 1;
  printf("core files: ");
  fflush(stdout);
  return system("ls | grep -c '^core' || true");
}

const struct probe reach_probes[] = {{"write-open", write_open}, {"read-bytes", read_bytes},   {"create", create},
                                     {"mknod", make_device},     {"tcp", tcp},                 {"udp", udp},
                                     {"unix-socket", unix_socket}, {"effective-user", effective_user},
                                     {"raise-limits", raise_limits}, {"type-ahead", type_ahead}, {"crash", crash}, {0}};
