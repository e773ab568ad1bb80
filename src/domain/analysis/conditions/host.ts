import { workloadSuffers } from './workload.ts';
import type { ConditionKind } from './conditions.ts';

/** A name that only the inside of a network can know: of a cluster, of a private zone, or without a dot. */
const insideName = String.raw`(?:[a-z0-9-]+\.)*[a-z0-9-]+\.(?:svc(?:\.[a-z0-9.-]+)?|local|internal|lan|corp|consul|localdomain)\b`;

/**
 * States of machines, networks and processes, from special to general; recognised in applications' own lines as well.
 * Each row names its source; `matchKind` tells the cost.
 */
export const hostConditions: readonly ConditionKind[] = [
  {
    id: 'dns-server-failing',
    category: 'infrastructure',
    rank: 'origin',
    name: 'name resolution (DNS) that does not answer',
    mechanism: 'The DNS server does not answer or answers with an error, so no service finds any other by name.',
    words:
      /EAI_AGAIN|\bSERVFAIL\b|temporary failure in name resolution|server misbehaving|\bdns\b[^\n]{0,50}(time(d)?[ -]?out|unavailable|not responding|refused)|coredns[^\n]{0,60}(error|fail|crash|unhealthy|not ready)|back-off restarting[^\n]{0,40}(core|kube-)dns|lookup [^\n]{0,160}(i\/o timeout|server misbehaving|connection refused)/i,
    explains: ['dns-name-unknown', 'network-unreachable', 'connections-dropped', ...workloadSuffers],
    source: 'https://kubernetes.io/docs/tasks/administer-cluster/dns-debugging-resolution/',
  },
  {
    id: 'dns-name-unknown',
    category: 'config-change',
    rank: 'cause',
    name: 'a host name that does not resolve (DNS)',
    mechanism:
      'DNS answers that the name does not exist: the configured host name, namespace or service is wrong or gone, so every call to it fails although the processes themselves are Ready and do not restart.',
    words: new RegExp(
      String.raw`(?:ENOTFOUND|NXDOMAIN|no such host|name or service not known|unknown ?host|could not (?:be )?resolve|unable to resolve|failed to resolve|lookup)[^\n]{0,80}?${insideName}|${insideName}[^\n]{0,80}?(?:no such host|NXDOMAIN|not known|could not be resolved|not found)`,
      'i',
    ),
    explains: ['connections-dropped', ...workloadSuffers],
    source: 'https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/',
  },
  {
    id: 'network-unreachable',
    category: 'infrastructure',
    rank: 'cause',
    name: 'a network without a way to the other side',
    mechanism:
      'Packets do not reach the other side (routing, partition, security group or network policy), so calls fail before any service sees them.',
    words: /EHOSTUNREACH|ENETUNREACH|no route to host|network is unreachable|network partition|packet loss/i,
    explains: ['connections-dropped', ...workloadSuffers],
    source: 'https://man7.org/linux/man-pages/man3/errno.3.html',
  },
  {
    id: 'descriptors-exhausted',
    category: 'resource',
    rank: 'cause',
    name: 'file descriptors that are used up',
    mechanism: 'The process holds as many files and sockets open as its limit allows, so it can open none more.',
    words: /\bEMFILE\b|\bENFILE\b|too many open files/i,
    explains: ['connections-exhausted', ...workloadSuffers],
    source: 'https://man7.org/linux/man-pages/man2/getrlimit.2.html',
  },
  {
    id: 'threads-exhausted',
    category: 'resource',
    rank: 'cause',
    name: 'threads or processes that cannot be started',
    mechanism: 'The limit of threads or process ids is reached, so no new work is taken up.',
    words:
      /unable to create (new )?native thread|can.t start new thread|pthread_create failed|fork: (retry|resource)|thread pool[^\n]{0,40}exhaust/i,
    explains: [...workloadSuffers],
    source: 'https://man7.org/linux/man-pages/man2/fork.2.html',
  },
  {
    id: 'setting-missing',
    category: 'config-change',
    rank: 'weak',
    name: 'a setting that is missing or wrong',
    mechanism: 'The process reads a setting at start, does not find it or cannot use it, and ends.',
    words:
      /(missing|required|undefined|unset)[^\n]{0,40}\b(environment variable|env(ironment)? var|configuration|config (key|value|file)|setting)\b|\b(environment variable|env var|config(uration)? (key|value|file|option)|setting)\b[^\n]{0,60}\b(missing|not set|is required|must be set|invalid|not found|undefined)/i,
    explains: [...workloadSuffers],
    source: 'https://12factor.net/config',
  },
];
