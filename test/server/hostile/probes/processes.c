/* Programs about processes: signals to others, refusing to die, hiding, and what they leave. */
#include "probe.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* signal <pid…>: signal 0, which only asks whether one could be sent. */
static int may_signal(arguments given) {
  for (; *given; given++) {
    char what[64];
    snprintf(what, sizeof what, "signal %s", *given);
    tell(what, kill(atoi(*given), 0));
  }
  return 0;
}

/* kill-all: everything that this user may end, process 1 before. */
static int kill_all(arguments none) {
  (void)none;
  tell("kill 1", kill(1, SIGKILL));
  tell("kill 1 softly", kill(1, SIGTERM));
  fflush(stdout);
  kill(-1, SIGKILL);
  return 0;
}

/* stay <mark>: ignores every signal that can be ignored, and stays. The mark shows in the process table of the machine. */
static int stay(arguments mark) {
  (void)mark;
  for (int which = 1; which < 65; which++) signal(which, SIG_IGN);
  printf("staying\n");
  fflush(stdout);
  for (;;) pause();
  return 0;
}

/* hide <mark>: the same as a daemon: another session, a parent that is gone, no open stream. */
static int hide(arguments given) {
  if (fork() > 0) {
    sleep(1);
    return 0;
  }
  setsid();
  if (fork() > 0) _exit(0);
  int nowhere = open("/dev/null", O_RDWR);
  for (int stream = 0; stream < 3; stream++) dup2(nowhere, stream);
  return stay(given);
}

/* orphans <count>: grandchildren that end when nobody but process 1 can take notice; how many remain as zombies. */
static int orphans(arguments given) {
  for (long left = number(given, 0, 50); left > 0; left--) {
    if (fork() == 0) {
      if (fork() == 0) {
        usleep(100000);
        _exit(0);
      }
      _exit(0);
    }
    wait(NULL);
  }
  usleep(600000);
  printf("zombies: ");
  fflush(stdout);
  return system("cat /proc/[0-9]*/stat 2>/dev/null | grep -c ') Z 1 ' || true");
}

/* memory-of <pid>: opens another process's memory for writing, its environment and its open files for reading. */
static int memory_of(arguments given) {
  const char *parts[] = {"mem", "environ", "maps"};
  for (int at = 0; at < 3; at++) {
    char name[64], byte;
    snprintf(name, sizeof name, "/proc/%s/%s", given[0], parts[at]);
    int file = open(name, at == 0 ? O_RDWR : O_RDONLY);
    long got = file < 0 || at == 0 ? file : read(file, &byte, 1);
    tell(parts[at], got);
  }
  return 0;
}

/* from-memory <command…>: runs a program that is in no file system. */
static int from_memory(arguments given) {
  int program = memfd_create("hostile", MFD_CLOEXEC), self = open("/proc/self/exe", O_RDONLY);
  char block[65536];
  for (long got; (got = read(self, block, sizeof block)) > 0;) {
    if (write(program, block, got) != got) return 1;
  }
  char *const none[] = {NULL};
  fexecve(program, given, none);
  tell("fexecve", -1);
  return 0;
}

/* confinement: what the kernel says of this process. */
static int confinement(arguments none) {
  (void)none;
  return execl("/bin/grep", "grep", "-E", "^(Cap...|NoNewPrivs|Seccomp|Uid|Gid):", "/proc/self/status", NULL);
}

/* privileges: more of the machine for oneself. */
static int privileges(arguments none) {
  (void)none;
  tell("nice -5", setpriority(PRIO_PROCESS, 0, -5));
  tell("setgid 0", setgid(0));
  tell("setuid 0", setuid(0));
  return 0;
}

const struct probe process_probes[] = {{"signal", may_signal},       {"kill-all", kill_all},   {"stay", stay},
                                       {"hide", hide},               {"orphans", orphans},     {"memory-of", memory_of},
                                       {"from-memory", from_memory}, {"confinement", confinement},
                                       {"privileges", privileges},   {0}};
