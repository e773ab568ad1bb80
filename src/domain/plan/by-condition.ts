/**
 * What helps against a state of the platform (`Diagnosis.condition`). A restart gives back what a process holds; it makes no room
 * that is not there, and a container that the platform restarts anyway gains nothing by one more.
 */
const restartHelps: readonly string[] = [
  'connections-exhausted',
  'descriptors-exhausted',
  'threads-exhausted',
  'memory-short',
];

/** True when a restart of the service could end its want of a resource; where no state is named, it may. */
export function endsByRestart(condition: string | undefined): boolean {
  return condition === undefined || restartHelps.includes(condition);
}

const byHand: Readonly<Record<string, string>> = {
  'out-of-memory': 'Raise the memory limit, or find what grew: the platform restarts the container already.',
  'storage-full': 'Free or add storage; stop the write that fills it.',
  'quota-exceeded': 'Raise the quota, or take away what uses it up.',
  unschedulable: 'Add nodes, or lower the requests of the workload.',
  'node-pressure': 'Add room to the node, or move work away from it.',
  evicted: 'Add room to the node, or state requests that fit.',
  'replication-lag': 'Slow the writing workload down or split it; send readers to the primary meanwhile.',
  'cpu-saturated': 'Stop or tune the heaviest statement or request; add capacity.',
  'io-saturated': 'Slow the heaviest reader or writer down; raise the IOPS of the volume.',
  'lock-contention': 'End the session that holds the lock; shorten its transaction.',
  'checkpoint-storm': 'Raise max_wal_size, and spread the writing workload.',
  wraparound: 'Vacuum the oldest tables, and end the transactions that keep old rows alive.',
  'addresses-exhausted': 'Give the network more addresses, or end pods that nobody needs.',
  'image-missing': 'Mend the name or tag of the image in the deployment; the old replicas serve meanwhile.',
  'image-denied': 'Give the cluster valid credentials for the registry.',
  'probe-failing': 'Mend path, port, timeout or threshold of the probe.',
  'dns-name-unknown': 'Mend the configured host name, or bring the service of that name back.',
  'reference-missing': 'Create what the pod refers to, or mend the reference.',
};

/** Advice for people against a state of the platform that no action of the catalogue ends. */
export function adviseByHand(condition: string | undefined): string | undefined {
  return condition === undefined ? undefined : byHand[condition];
}
