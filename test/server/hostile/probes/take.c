/* Programs that take more than their share. Each is bounded, so that it does no harm where nothing stops it. */
#include "probe.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const long megabyte = 1024 * 1024;

/* The last line of every program here: how much it got, and what stopped it. */
static int tell_taken(long taken, const char *unit, int stopped) {
  printf("took %ld %s", taken, unit);
  printf(stopped ? ", then %s\n" : "\n", strerrorname_np(stopped));
  fflush(stdout);
  return 0;
}

/* forks <most>: children that do nothing, all ended before the answer. */
static int forks(arguments given) {
  long most = number(given, 0, 400), made = 0;
  pid_t *children = calloc(most, sizeof *children);
  int stopped = 0;
  for (; made < most; made++) {
    children[made] = fork();
    if (children[made] == 0) pause();
    if (children[made] < 0) {
      stopped = errno;
      break;
    }
  }
  for (long at = 0; at < made; at++) kill(children[at], SIGKILL);
  while (wait(NULL) > 0) continue;
  return tell_taken(made, "processes", stopped);
}

static char *touch(long megabytes) {
  char *room = malloc(megabytes * megabyte);
  if (room) memset(room, 1, megabytes * megabyte);
  /* Without this a compiler may leave out what nobody reads. */
  __asm__ volatile("" : : "r"(room) : "memory");
  return room;
}

/* memory <most MB> */
static int memory(arguments given) {
  long most = number(given, 0, 300), taken = 0;
  for (; taken < most; taken += 10) {
    if (!touch(10)) return tell_taken(taken, "MB", errno);
  }
  return tell_taken(taken, "MB", 0);
}

/* crowd <processes> <MB each>: how many hold their memory at the same time. */
static int crowd(arguments given) {
  long count = number(given, 0, 30), each = number(given, 1, 20), holding = 0;
  int ready[2];
  pid_t *children = calloc(count, sizeof *children);
  if (pipe(ready) < 0) return 1;
  for (long at = 0; at < count; at++) {
    children[at] = fork();
    if (children[at] != 0) continue;
    touch(each);
    if (write(ready[1], "x", 1) < 0) _exit(1);
    close(ready[1]);
    for (;;) pause();
  }
  close(ready[1]);
  char byte;
  while (read(ready[0], &byte, 1) > 0) continue;
  for (long at = 0; at < count; at++) {
    if (children[at] > 0 && waitpid(children[at], NULL, WNOHANG) == 0) holding++;
    if (children[at] > 0) kill(children[at], SIGKILL);
  }
  return tell_taken(holding * each, "MB", 0);
}

/* fill <folder> <most MB> <MB a file> */
static int fill(arguments given) {
  static char block[1024 * 1024];
  long most = number(given, 1, 200), each = number(given, 2, 8), taken = 0;
  char name[256];
  signal(SIGXFSZ, SIG_IGN);
  memset(block, 'x', sizeof block);
  for (int file = -1; taken < most; taken++) {
    if (taken % each == 0) {
      if (file >= 0) close(file);
      snprintf(name, sizeof name, "%s/fill-%ld", given[0], taken);
      file = open(name, O_CREAT | O_WRONLY | O_TRUNC, 0600);
      if (file < 0) return tell_taken(taken, "MB", errno);
    }
    for (long left = sizeof block; left > 0;) {
      long written = write(file, block, left);
      if (written <= 0) return tell_taken(taken, "MB", errno);
      left -= written;
    }
  }
  return tell_taken(taken, "MB", 0);
}

/* inodes <folder> <most> */
static int inodes(arguments given) {
  long most = number(given, 1, 20000), taken = 0;
  char name[256];
  for (; taken < most; taken++) {
    snprintf(name, sizeof name, "%s/i%ld", given[0], taken);
    int file = open(name, O_CREAT | O_WRONLY, 0600);
    if (file < 0) return tell_taken(taken, "files", errno);
    close(file);
  }
  return tell_taken(taken, "files", 0);
}

/* sparse <file> <GB>: a size that costs nothing yet. */
static int sparse(arguments given) {
  signal(SIGXFSZ, SIG_IGN);
  int file = open(given[0], O_CREAT | O_WRONLY, 0600);
  if (file < 0 || ftruncate(file, number(given, 1, 100) * 1024 * megabyte) < 0) return tell_taken(0, "GB", errno);
  return tell_taken(number(given, 1, 100), "GB", 0);
}

/* descriptors <most> */
static int descriptors(arguments given) {
  long most = number(given, 0, 4000), taken = 0;
  for (; taken < most; taken++) {
    if (open("/dev/null", O_RDONLY) < 0) return tell_taken(taken, "descriptors", errno);
  }
  return tell_taken(taken, "descriptors", 0);
}

/* burn <processes> <ms>: hundredths of a processor that were used. */
static int burn(arguments given) {
  long count = number(given, 0, 8), ms = number(given, 1, 800);
  struct timespec from, to;
  clock_gettime(CLOCK_MONOTONIC, &from);
  for (long at = 0; at < count; at++) {
    if (fork() != 0) continue;
    do clock_gettime(CLOCK_MONOTONIC, &to);
    while ((to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000 < ms);
    _exit(0);
  }
  while (wait(NULL) > 0) continue;
  clock_gettime(CLOCK_MONOTONIC, &to);
  struct rusage used;
  getrusage(RUSAGE_CHILDREN, &used);
  double busy = used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
  double passed = to.tv_sec - from.tv_sec + (to.tv_nsec - from.tv_nsec) / 1e9;
  return tell_taken((long)(100 * busy / passed), "hundredths of a processor", 0);
}

/* flood <MB>: standard output without end, up to a bound. */
static int flood(arguments given) {
  static char block[1024 * 1024];
  for (unsigned at = 0; at < sizeof block; at++) block[at] = at % 64 == 63 ? '\n' : 'f';
  for (long left = number(given, 0, 20); left > 0; left--) {
    for (long rest = sizeof block; rest > 0;) {
      long written = write(1, block, rest);
      if (written <= 0) return 1;
      rest -= written;
    }
  }
  return 0;
}

const struct probe take_probes[] = {{"forks", forks},   {"memory", memory}, {"crowd", crowd},
                                    {"fill", fill},     {"inodes", inodes}, {"sparse", sparse},
                                    {"descriptors", descriptors}, {"burn", burn}, {"flood", flood}, {0}};
