/* Hostile programs of the sandbox's test suite: `probe <name> [argument…]`. Harmless where they succeed: see each. */
#include "probe.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

void tell(const char *what, long result) {
  printf("%s: %s\n", what, result >= 0 ? "ok" : strerrorname_np(errno));
  fflush(stdout);
}

void tell_child(const char *what, long (*act)(const void *), const void *with) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    errno = 0;
    long result = act(with);
    _exit(result >= 0 ? 0 : errno);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) < 0) {
    tell(what, -1);
  } else if (WIFSIGNALED(status)) {
    printf("%s: SIG%s\n", what, sigabbrev_np(WTERMSIG(status)));
  } else {
    errno = WEXITSTATUS(status);
    tell(what, errno == 0 ? 0 : -1);
  }
}

long number(arguments given, int index, long fallback) {
  for (int at = 0; at <= index; at++) {
    if (given[at] == NULL) return fallback;
  }
  return atol(given[index]);
}

int main(int count, char *const given[]) {
  const struct probe *groups[] = {call_probes, take_probes, reach_probes, process_probes};
  for (unsigned group = 0; count > 1 && group < sizeof groups / sizeof *groups; group++) {
    for (const struct probe *probe = groups[group]; probe->name; probe++) {
      if (strcmp(probe->name, given[1]) == 0) return probe->run(given + 2);
    }
  }
  fprintf(stderr, "no probe of this name\n");
  return 64;
}
