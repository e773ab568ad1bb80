import { describe, expect, test } from 'vitest';
import { at, chatter, commit, deploy, repeat } from '../incident.ts';
import {
  argueSoundly,
  flat,
  gauge,
  platformIncident,
  query,
  ramp,
  tell,
  warning,
  wellAt,
} from './platform-incident.ts';

const crashing = [
  warning(41, 'Pod/wharf-1', 'BackOff', 'Back-off restarting failed container wharf', { lastAt: at(59), count: 9 }),
  warning(40, 'Pod/wharf-1', 'OOMKilling', 'Memory cgroup out of memory: Killed process 7 (wharf); exit code: 137'),
];

describe('a cause that is no change', () => {
  test('is what explains the rest, with the platform quoted and the healthy siblings cleared', () => {
    const diagnosis = argueSoundly(platformIncident([...crashing, wellAt(59, 'Pod/wharf-2'), wellAt(59, 'Node/n1')]));
    expect(diagnosis).toMatchObject({
      verdict: 'cause',
      service: 'wharf',
      change: 'none',
      category: 'resource',
      condition: 'out-of-memory',
    });
    const text = tell(diagnosis);
    expect(text).toContain('Pod/wharf-1');
    expect(text).toContain('exit code 137');
    expect(text).toContain('From it follows a container that ends again and again');
    expect(text).toMatch(/Pod\/wharf-2: they report that they are ready/);
    expect(text).toMatch(/image pull: no event tells of an image that could not be pulled/);
  });

  test('is no event that was over before the incident, and that event is named as ruled out', () => {
    const old = warning(-25, 'Pod/wharf-1', 'FailedMount', 'Unable to attach or mount volumes', { lastAt: at(-20) });
    const diagnosis = argueSoundly(platformIncident([old, ...crashing]));
    expect(diagnosis.condition).toBe('out-of-memory');
    expect(tell(diagnosis)).toMatch(/FailedMount of Pod\/wharf-1: it was over at .* before the incident/);
  });

  test('is the lost node and not the pressure that it told of last, nor the pods that it takes along', () => {
    const diagnosis = argueSoundly(
      platformIncident([
        warning(35, 'Node/n2', 'NodeNotReady', 'Node n2 status is now: NodeNotReady'),
        warning(40, 'Node/n2', 'MemoryPressure', 'MemoryPressure=True'),
        warning(40, 'Pod/wharf-3', 'Evicted', 'The node was low on resource: memory.'),
      ]),
    );
    expect(diagnosis).toMatchObject({ category: 'infrastructure', condition: 'node-lost' });
  });

  test('is the pressure when it came before the node went silent', () => {
    const diagnosis = argueSoundly(
      platformIncident([
        warning(31, 'Node/n2', 'NodeHasDiskPressure', 'Node n2 status is now: NodeHasDiskPressure', { lastAt: at(33) }),
        warning(34, 'Pod/wharf-3', 'Evicted', 'The node was low on resource: ephemeral-storage.'),
      ]),
    );
    expect(diagnosis).toMatchObject({ category: 'resource', condition: 'node-pressure' });
  });

  test('is a probe that does not fit only while the application tells of no errors itself', () => {
    const killed = [
      warning(33, 'Pod/wharf-1', 'Unhealthy', 'Liveness probe failed: HTTP probe failed with statuscode: 404', {
        count: 20,
        lastAt: at(59),
      }),
    ];
    const calm = argueSoundly(platformIncident(killed, { lines: chatter() }));
    expect(calm).toMatchObject({ category: 'config-change', condition: 'probe-failing' });
    expect(calm.confidence).toBeLessThan(0.8);
    const failing = repeat(31, 60, 5, () => ({
      level: 'error',
      message: 'FATAL: sorry, too many clients already',
      fields: {},
    }));
    const loud = argueSoundly(platformIncident(killed, { lines: [...chatter(), ...failing] }));
    expect(loud).toMatchObject({ category: 'resource', condition: 'connections-exhausted' });
  });

  test('is not the probe where the application fails by an error that no table knows', () => {
    const killed = warning(33, 'Pod/wharf-1', 'Unhealthy', 'Liveness probe failed: HTTP probe failed', {
      count: 20,
      lastAt: at(59),
    });
    const lines = repeat(31, 60, 5, () => ({
      level: 'error',
      message: 'cannot weigh the anchor of ship 12',
      fields: {},
    }));
    expect(argueSoundly(platformIncident([killed], { lines: [...chatter(), ...lines] })).condition).toBeUndefined();
  });

  test('is what stands behind it, although its effect is louder and the alert speaks of that', () => {
    const diagnosis = argueSoundly(
      platformIncident(
        [
          warning(31, 'db-instance/wharf', '', 'ERROR: deadlock detected; blocked by process 14', {
            count: 40,
            lastAt: at(59),
          }),
          warning(40, 'db-instance/wharf', '', 'FATAL: sorry, too many clients already', { severity: 'error' }),
        ],
        {},
        'too many connections on wharf, connection slots used up',
      ),
    );
    expect(diagnosis.condition).toBe('lock-contention');
    expect(tell(diagnosis)).toContain('From it follows connections that are used up');
  });

  test('is at a thing that the alert or the service speaks of, before a louder one of a neighbour', () => {
    const storage = (minutes: number, object: string) =>
      warning(minutes, object, '', 'storage is full: no space left on device', { severity: 'error' });
    const locks = warning(35, 'db-instance/wharf', '', 'ERROR: deadlock detected; blocked by process 14');
    const alone = argueSoundly(platformIncident([storage(31, 'db-instance/quarry')]));
    expect(alone.condition).toBe('storage-full');
    const both = argueSoundly(platformIncident([storage(31, 'db-instance/quarry'), locks], {}, 'not well'));
    expect(both.condition).toBe('lock-contention');
    // The same trouble at a thing of this service's name stands in its own right.
    const own = argueSoundly(platformIncident([storage(31, 'db-instance/wharf-main'), locks], {}, 'not well'));
    expect(own.condition).toBe('storage-full');
    // And so does one that the alert names.
    const told = argueSoundly(platformIncident([storage(31, 'db-instance/quarry'), locks], {}, 'quarry is full'));
    expect(told.condition).toBe('storage-full');
  });

  test('is never a symptom alone: then nothing is blamed', () => {
    const diagnosis = argueSoundly(platformIncident(crashing.slice(0, 1)));
    expect(diagnosis).toMatchObject({ verdict: 'inconclusive', category: 'unknown' });
  });

  test('is the host name within the cluster that does not resolve, not an outside system; a public name is outside', () => {
    const failing = (host: string) =>
      platformIncident([], {
        lines: [
          ...chatter(),
          ...repeat(31, 60, 5, () => ({
            level: 'error',
            message: `dial tcp: lookup ${host}: no such host`,
            fields: {},
          })),
        ],
      });
    expect(argueSoundly(failing('ledger-db.books.svc.cluster.local'))).toMatchObject({
      category: 'config-change',
      condition: 'dns-name-unknown',
    });
    expect(argueSoundly(failing('api.lighthouse-payments.com'))).toMatchObject({ category: 'outside-dependency' });
  });

  test('yields to a change whose diff makes just that, and stands against one that is only near', () => {
    const leak = commit(
      'wharf',
      29,
      'Keep every manifest for later',
      'src/manifests.js',
      '@@ -1,3 +1,6 @@\n const cache = new Map();\n+const seen = [];\n export function remember(manifest) {\n+  seen.push(manifest);\n+  cache.set(manifest.id, manifest);\n }',
    );
    const docs = commit('wharf', 29, 'Fix a typo', 'README.md', '@@ -1 +1 @@\n-Warf\n+Wharf');
    const failing = repeat(36, 60, 5, () => ({
      level: 'error' as const,
      message: 'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory',
      fields: { stack: 'Error\n    at remember (src/manifests.js:4:3)' },
    }));
    const withChange = (change: typeof leak) =>
      argueSoundly(
        platformIncident(crashing, {
          lines: [...chatter(), ...failing],
          changes: [change],
          deploys: [deploy(change, 30)],
        }),
      );
    expect(withChange(leak)).toMatchObject({ change: leak.id, category: 'code-change' });
    const besides = withChange(docs);
    expect(besides).toMatchObject({ change: 'none', condition: 'out-of-memory' });
    expect(besides.ruledOut.some((item) => item.candidate === docs.id)).toBe(true);
  });
});

describe('resources against their limits', () => {
  const lag = gauge('replica_lag_seconds', ramp(2, 900), { instance: 'books-replica' });

  test('name the statement that drives it, and clear the load that has nothing to do with it', () => {
    const diagnosis = argueSoundly(
      platformIncident([], {
        series: [
          lag,
          gauge('cpu_utilization_percent', ramp(20, 80), { instance: 'books' }),
          ...query('DELETE FROM bookings WHERE day < $1', { 'IO:WALWrite': 6, CPU: 0.5 }),
          ...query('SELECT sum(fee) FROM ledger GROUP BY port', { CPU: 2 }),
        ],
      }),
    );
    expect(diagnosis).toMatchObject({ category: 'resource', condition: 'replication-lag' });
    const text = tell(diagnosis);
    expect(text).toMatch(/query `DELETE FROM bookings/);
    expect(text).toMatch(/cpu_utilization_percent of books: not the cause: .*SELECT sum\(fee\)/);
  });

  test.each([
    ['cpu-saturated', [gauge('node_cpu_utilization', [0.2, 0.3, ...flat(0.97, 28)])]],
    ['storage-full', [gauge('filesystem_free_bytes', ramp(9e9, 1e7))]],
    ['connections-exhausted', [gauge('db_connections_active', ramp(20, 99)), gauge('db_connections_max', flat(100))]],
    [
      'descriptors-exhausted',
      [gauge('process_open_fds', ramp(100, 1020)), gauge('process_max_fds', Array<number>(30).fill(1024))],
    ],
    ['memory-short', [gauge('memory_used_percent', ramp(60, 99))]],
    ['io-saturated', [gauge('EBSIOBalance%', ramp(100, 3))]],
    ['wraparound', [gauge('MaximumUsedTransactionIDs', flat(1.6e9))]],
  ])('show %s once a known limit is passed for a while', (condition, series) => {
    const diagnosis = argueSoundly(platformIncident([], { series }));
    expect(diagnosis).toMatchObject({ verdict: 'cause', condition });
    expect(diagnosis.confidence).toBeLessThan(0.8);
  });

  test.each([
    ['a peak of one reading', [gauge('cpu_utilization_percent', [...flat(40, 15), 99, ...flat(40, 14)])]],
    [
      'swings short of the limit',
      [
        gauge(
          'cpu_utilization_percent',
          flat(60).map((v, i) => v + 20 * Math.sin(i)),
        ),
      ],
    ],
    [
      'a level that came back by itself',
      [gauge('memory_used_percent', [...flat(50, 8), ...flat(97, 6), ...flat(50, 16)])],
    ],
    ['a limit that is far away', [gauge('db_connections_active', flat(60)), gauge('db_connections_max', flat(100))]],
  ])('show no fault for %s', (_name, series) => {
    const diagnosis = argueSoundly(platformIncident([], { series, lines: chatter() }));
    expect(diagnosis).toMatchObject({ verdict: 'no-fault', category: 'none' });
    expect(tell(diagnosis)).toContain('limit');
  });

  test('take the limit of connections from the platform, or from the share that the alert tells', () => {
    const series = [gauge('DatabaseConnections', ramp(100, 196))];
    const stated = warning(50, 'db-instance/wharf', '', 'Connections: 180 of 200');
    expect(
      argueSoundly(
        platformIncident([stated, warning(51, 'db-instance/wharf', '', 'too many connections, 195 of 200')], {
          series,
        }),
      ).condition,
    ).toBe('connections-exhausted');
    const share = (percent: number) => platformIncident([], { series }, `connections at ${percent} % of the limit`);
    expect(argueSoundly(share(97)).condition).toBe('connections-exhausted');
    expect(argueSoundly(share(61))).toMatchObject({ verdict: 'no-fault' });
  });

  test('are believed of an alert alone only where something drives them, and with little confidence', () => {
    const writes = [
      gauge('WriteIOPS', [300, ...flat(9000, 29)]),
      ...query('UPDATE ships SET seen = now()', { 'IO:WALWrite': 5 }),
    ];
    const about = 'Replica lag of books above 600 seconds';
    const told = argueSoundly(platformIncident([], { series: writes }, about));
    expect(told).toMatchObject({ condition: 'replication-lag' });
    expect(told.confidence).toBeLessThan(0.6);
    expect(
      argueSoundly(platformIncident([], { series: [gauge('WriteIOPS', flat(300))] }, about)).condition,
    ).toBeUndefined();
  });
});

describe('databases that move', () => {
  const failover = [
    warning(40, 'db-instance/wharf', 'failover', 'Failover started: primary did not answer'),
    warning(41, 'db-instance/wharf', 'failover', 'Failover completed, now in zone b'),
  ];

  test('explain the dip of their metrics by the failover, and tell that it is over', () => {
    const dip = gauge('db_connections_active', [...flat(50, 10), 0, 0, ...flat(50, 18)]);
    const diagnosis = argueSoundly(platformIncident(failover, { series: [dip] }));
    expect(diagnosis).toMatchObject({ category: 'infrastructure', condition: 'failover' });
    expect(tell(diagnosis)).toMatch(/fell to 0 and is back at 5/);
  });

  test('are not to blame for what began before they moved, nor for another instance', () => {
    const lag = gauge('replica_lag_seconds', ramp(50, 900), { instance: 'wharf-r1' });
    const lagging = warning(32, 'db-instance/wharf-r1', '', 'replication lag exceeded 60 s', { lastAt: at(59) });
    const late = failover.map((event) => ({ ...event, at: at(55) }));
    expect(argueSoundly(platformIncident([lagging, ...late], { series: [lag] })).condition).toBe('replication-lag');
    const elsewhere = failover.map((event) => ({ ...event, object: 'db-instance/quay-staging' }));
    expect(argueSoundly(platformIncident([lagging, ...elsewhere], { series: [lag] })).condition).toBe(
      'replication-lag',
    );
  });
});
