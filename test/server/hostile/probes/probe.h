/* What every probe shares. A probe tries something and prints one line a try: `<what>: ok`, `<what>: EPERM`, `<what>: SIGSYS`. */
#ifndef PROBE_H
#define PROBE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

/* The arguments after the probe's name, ended by NULL. */
typedef char *const *arguments;

struct probe {
  const char *name;
  int (*run)(arguments);
};

extern const struct probe call_probes[], take_probes[], reach_probes[], process_probes[];

/* Prints the line of one try: `result` is negative when it failed, and errno says why. */
void tell(const char *what, long result);

/* Runs `act` in a child of its own, so that a try that is answered with a signal ends nothing else; prints the line. */
void tell_child(const char *what, long (*act)(const void *), const void *with);

/* A number among the arguments, `fallback` where it is absent. */
long number(arguments given, int index, long fallback);

#endif
