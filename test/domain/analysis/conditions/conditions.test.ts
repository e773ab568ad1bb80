import { describe, expect, test } from 'vitest';
import { conditionKinds } from '../../../../src/domain/analysis/conditions/find.ts';
import { matchKind } from '../../../../src/domain/analysis/conditions/conditions.ts';

/** What platforms, databases and kernels really write, by the condition that it tells of. */
const said: Readonly<Record<string, readonly (readonly [reason: string, text: string])[]>> = {
  'image-missing': [
    [
      'Failed',
      'Failed to pull image "registry.example/shop/cart:1.9.9": rpc error: code = NotFound desc = failed to pull and unpack image: not found',
    ],
    [
      'InvalidImageName',
      'Failed to apply default image tag "cart:": couldn\'t parse image reference "cart:": invalid reference format',
    ],
    ['ErrImagePull', 'reading manifest latest in docker.io/acme/web: manifest unknown: manifest unknown'],
  ],
  'image-denied': [
    [
      'ErrImagePull',
      'failed to authorize: failed to fetch anonymous token: unexpected status from GET request: 401 Unauthorized, image "ghcr.io/acme/api:3"',
    ],
    [
      'Failed',
      'Failed to pull image "acme/private:1": pull access denied, repository does not exist or may require authorization',
    ],
  ],
  'registry-limit': [
    ['Failed', 'Failed to pull image "redis:7": toomanyrequests: You have reached your pull rate limit.'],
  ],
  'registry-unreachable': [
    [
      'ErrImagePull',
      'failed to resolve image: dial tcp 10.2.3.4:443: i/o timeout while pulling image "reg.example/a:1"',
    ],
  ],
  'out-of-memory': [
    ['OOMKilling', 'Memory cgroup out of memory: Killed process 4711 (java) total-vm:8123456kB'],
    ['Terminated', 'container worker: reason OOMKilled, exit code 137'],
    ['', 'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory'],
    ['', 'java.lang.OutOfMemoryError: Java heap space'],
  ],
  'quota-exceeded': [
    [
      'FailedCreate',
      'Error creating: pods "web-6c9-x" is forbidden: exceeded quota: team-a, requested: requests.memory=2Gi, used: requests.memory=15Gi, limited: requests.memory=16Gi',
    ],
  ],
  'addresses-exhausted': [
    [
      'FailedCreatePodSandBox',
      'plugin type="aws-cni" name="aws-cni" failed (add): add cmd: failed to assign an IP address to container',
    ],
  ],
  'node-lost': [
    ['NodeNotReady', 'Node worker-b status is now: NodeNotReady'],
    ['KubeletNotReady', 'container runtime is down'],
    ['TaintManagerEviction', 'Marking for deletion Pod shop/cart-1'],
  ],
  'host-taken': [
    ['SpotInterruption', 'Spot interruption notice received: instance i-0abc will be terminated in 2 minutes'],
  ],
  'node-pressure': [
    ['NodeHasDiskPressure', 'Node worker-a status is now: NodeHasDiskPressure'],
    ['EvictionThresholdMet', 'Attempting to reclaim ephemeral-storage'],
  ],
  evicted: [['Evicted', 'The node was low on resource: ephemeral-storage. Container web was using 9Gi.']],
  unschedulable: [
    ['FailedScheduling', '0/14 nodes are available: 3 node(s) had taint {dedicated: gpu}, 11 Insufficient memory.'],
    ['FailedScheduling', '0/5 nodes are available: 5 Too many pods.'],
  ],
  'unschedulable-rules': [
    ['FailedScheduling', "0/6 nodes are available: 6 node(s) didn't match Pod's node affinity/selector."],
    ['FailedScheduling', '0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims.'],
  ],
  'reference-missing': [
    ['FailedMount', 'MountVolume.SetUp failed for volume "cfg" : configmap "cart-settings" not found'],
    ['Failed', "Error: couldn't find key DB_URL in Secret shop/cart"],
  ],
  'command-invalid': [
    [
      'Failed',
      'Error: failed to create containerd task: exec: "/app/sevrer": stat /app/sevrer: no such file or directory',
    ],
    ['CrashLoopBackOff', 'standard_init_linux.go: exec user process caused: exec format error'],
  ],
  'permission-missing': [
    ['', 'pods is forbidden: User "system:serviceaccount:shop:cart" cannot list resource "pods" in API group ""'],
  ],
  'admission-denied': [
    ['FailedCreate', 'Error creating: admission webhook "policy.example" denied the request: runAsRoot'],
  ],
  'volume-unavailable': [
    ['FailedAttachVolume', 'Multi-Attach error for volume "pvc-1": Volume is already used by another node'],
  ],
  'network-not-ready': [['NetworkNotReady', 'network is not ready: cni plugin not initialized']],
  'scale-limit': [['', 'the desired replica count is more than the maximum replica count (TooManyReplicas)']],
  'no-endpoints': [['', 'Service "shop/cart" does not have any: no endpoints available for service "cart"']],
  'probe-failing': [
    [
      'Unhealthy',
      'Readiness probe failed: Get "http://10.1.2.3:9000/ready": dial tcp 10.1.2.3:9000: connect: connection refused',
    ],
    ['Killing', 'Container web failed liveness probe, will be restarted'],
  ],
  restarting: [
    ['BackOff', 'Back-off restarting failed container web in pod web-1_shop(uid)'],
    ['Init:CrashLoopBackOff', 'init container migrate'],
  ],
  'image-pull': [['BackOff', 'Back-off pulling image "shop/cart:2"']],
  'rollout-stuck': [['ProgressDeadlineExceeded', 'ReplicaSet "web-7" has timed out progressing.']],
  'not-ready': [['ContainersNotReady', 'containers with unready status: [web]']],
  'storage-full': [
    ['', 'PANIC:  could not write to file "pg_wal/xlogtemp.123": No space left on device'],
    ['low storage', 'The free storage capacity for DB instance: shop-db is low; storage is running low'],
    ['', "ERROR 1114 (HY000): The table 'orders' is full; disk quota exceeded"],
  ],
  failover: [
    ['failover', 'A Multi-AZ failover has completed.'],
    ['', 'Standby db-2 was promoted to primary after the health check of db-1 failed'],
  ],
  maintenance: [
    ['maintenance', 'Offline patching of the DB instance: maintenance has begun, the instance is not available'],
  ],
  restarted: [['availability', 'DB instance restarted']],
  'replication-broken': [['', 'FATAL: requested WAL segment 000000010000002A00000044 has already been removed']],
  'replication-lag': [
    ['', 'Read replica db-r2 is lagging 420 s behind its source'],
    ['', 'Replica lag of 95 s on shard 3'],
  ],
  wraparound: [['', 'WARNING: database "shop" must be vacuumed within 10985967 transactions']],
  'lock-contention': [
    ['', 'ERROR: deadlock detected; DETAIL: Process 12 waits for ShareLock on transaction 99; blocked by process 14'],
    ['', 'Lock wait timeout exceeded; try restarting transaction'],
  ],
  'connections-exhausted': [
    ['', 'FATAL: sorry, too many clients already'],
    ['', 'HikariPool-1 - Connection is not available: connection pool exhausted'],
    ['', 'sqlalchemy.exc.TimeoutError: QueuePool limit of size 5 overflow 10 reached'],
  ],
  'checkpoint-storm': [['', 'LOG: checkpoints are occurring too frequently (9 seconds apart)']],
  'io-saturated': [['', 'EBS burst balance depleted: volume throttled; IOPS limit exceeded']],
  'memory-short': [['', 'Instance memory is critically low, swapping']],
  'credentials-refused': [['', 'FATAL: password authentication failed for user "cart"']],
  'dns-server-failing': [['', 'getaddrinfo EAI_AGAIN users.shop.svc.cluster.local']],
  'dns-name-unknown': [
    ['', 'dial tcp: lookup ledger-db.prod.svc.cluster.local on 10.96.0.10:53: no such host'],
    ['', 'java.net.UnknownHostException: cache.internal: Name or service not known'],
  ],
  'broker-replicas-missing': [
    [
      '',
      '[Producer clientId=a-1] Got error produce response on topic-partition t-3, retrying. Error: NOT_LEADER_OR_FOLLOWER',
    ],
    ['', 'org.apache.kafka.common.errors.NotEnoughReplicasException: fewer in-sync replicas than required.'],
  ],
  'broker-alarm': [['', 'memory resource limit alarm set on node rabbit@mq-1.']],
  'cache-full': [
    ['', "ReplyError: OOM command not allowed when used memory > 'maxmemory'."],
    ['', "redis.exceptions.OutOfMemoryError: command not allowed when used memory > 'maxmemory'."],
  ],
  'index-read-only': [
    [
      '',
      'index [a] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has read-only-allow-delete block];',
    ],
  ],
  'circuit-breaker': [
    ['', 'circuit_breaking_exception: [parent] Data too large, data for [<http_request>] would be larger'],
  ],
  'throughput-provisioned': [
    [
      '',
      'ProvisionedThroughputExceededException: The level of configured provisioned throughput for the table was exceeded.',
    ],
  ],
  'provider-incident': [
    ['Service degradation', 'We can confirm increased error rates for PUT requests in the region.'],
    ['SERVICE_DISRUPTION', 'Our engineering team continues to investigate.'],
  ],
  'replay-blocked': [
    ['', 'LOG:  recovery still waiting after 1021.431 ms: recovery conflict on snapshot'],
    ['', 'ERROR:  canceling statement due to conflict with recovery'],
  ],
  'transaction-open': [['', 'The InnoDB history list length increased significantly.']],
  'connections-limited': [
    ['configuration change', 'Updated parameter max_connections to 50 with apply method pending-reboot.'],
    ['', 'LOG:  parameter "max_connections" changed to "50"'],
  ],
  'network-unreachable': [['', 'connect EHOSTUNREACH 10.4.0.9:5432']],
  'descriptors-exhausted': [['', 'accept4: too many open files; retrying in 1s']],
  'threads-exhausted': [['', 'java.lang.Error: unable to create native thread: possibly out of process limits']],
  'setting-missing': [['', 'fatal: required environment variable STRIPE_KEY is not set']],
};

describe('a platform that speaks of its own state', () => {
  const cases = Object.entries(said).flatMap(([id, texts]) => texts.map(([reason, text]) => ({ id, reason, text })));

  test.each(cases)('is understood as $id: $reason $text', ({ id, reason, text }) => {
    expect(matchKind(conditionKinds, { reason, text: `${reason} ${text}` })?.id).toBe(id);
  });

  test('has an example here for every row of the tables that words or reasons show', () => {
    const shown = conditionKinds.map((kind) => kind.id).filter((id) => !(id in said));
    // Told by metrics or by sentences that other rows know better.
    expect(shown).toEqual(['cpu-saturated', 'connections-dropped']);
  });

  test.each([
    'MountVolume.SetUp failed for volume "token" : timed out, retried successfully',
    'Readiness probe recovered after a transient failure',
    'Back-off restarting failed container: resolved',
  ])('is not heard where it takes its word back: %s', (text) => {
    expect(matchKind(conditionKinds, { reason: 'FailedMount', text })).toBeUndefined();
  });

  test.each([
    'order 4711 created',
    'failover is disabled for this cluster',
    'scheduled backup finished',
    'maintenance window is set to Sunday',
    'connection pool at 12 of 100',
    'readiness endpoint ready at /healthz',
    'storage optimization of the volume has finished',
  ])('is not misheard in: %s', (text) => {
    expect(matchKind(conditionKinds, { text, isLog: true })).toBeUndefined();
    expect(matchKind(conditionKinds, { reason: '', text })).toBeUndefined();
  });

  test('names a source for every row, a known set of others that it explains, and a sentence on how it works', () => {
    const known = [...conditionKinds.map((kind) => kind.id), 'application-crash'];
    for (const kind of conditionKinds) {
      expect(kind.source, kind.id).toMatch(/^https:\/\//);
      expect(kind.mechanism.length, kind.id).toBeGreaterThan(40);
      expect(
        kind.explains.filter((id) => !known.includes(id)),
        kind.id,
      ).toEqual([]);
      expect(kind.explains, kind.id).not.toContain(kind.id);
    }
    expect(new Set(conditionKinds.map((kind) => kind.id)).size).toBe(conditionKinds.length);
  });
});
