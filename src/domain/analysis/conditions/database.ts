import type { ConditionKind } from './conditions.ts';

const rdsEvents = 'https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Events.Messages.html';
const rdsMetrics = 'https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-metrics.html';
const postgresErrors = 'https://www.postgresql.org/docs/current/errcodes-appendix.html';
const postgresConnections = 'https://www.postgresql.org/docs/current/runtime-config-connection.html';
const rdsParameters = 'https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithParamGroups.html';
const postgresReplication = 'https://www.postgresql.org/docs/current/warm-standby.html';

/**
 * States of databases, from special to general. Words are those of PostgreSQL, MySQL and of managed databases' events.
 * Each row names its source; `matchKind` tells the cost.
 */
export const databaseConditions: readonly ConditionKind[] = [
  {
    id: 'storage-full',
    category: 'resource',
    rank: 'cause',
    name: 'storage that is used up',
    mechanism:
      'Without free storage the database can write neither data nor log (WAL), so writes slow down, then fail, and in the end it takes no connections.',
    words:
      /ran out of (disk|storage|space)|no space left on device|\bENOSPC\b|storage[^\n]{0,60}\b(full|exhausted|used up|critically low|getting low|running low)|(disk|volume|filesystem)[^\n]{0,40}\b(full|100 ?% used)|insufficient (disk|storage)|could not extend file|disk quota exceeded|storage-full|(operating system error number|errno:?) 28\b|the table '[^']{1,120}' is full|disk is full/i,
    except: /storage[^\n]{0,40}(increased|extended|optimi[sz]ation)/i,
    explains: [
      'connections-exhausted',
      'connections-dropped',
      'replication-lag',
      'restarted',
      'io-saturated',
      'restarting',
      'not-ready',
      'evicted',
    ],
    source: rdsEvents,
  },
  {
    id: 'failover',
    category: 'infrastructure',
    rank: 'origin',
    name: 'a failover of the database',
    mechanism:
      'The primary host was lost, the standby was promoted and its address published anew; connections to the old primary broke meanwhile, and clients reconnect once the instance is available. What the metrics show (connections, CPU and writes falling to zero, a lagging replica) is the effect of the failover, not its cause.',
    words:
      /\bfail(ed)?[ -]?over\b|\bswitch(ed)?over\b|standby[^\n]{0,40}promot|promot[^\n]{0,40}(standby|replica|primary)/i,
    except: /failover (is )?(not|disabled|ready|priority|test)|unless (there is )?a failover/i,
    explains: [
      'connections-dropped',
      'connections-exhausted',
      'replication-lag',
      'restarted',
      'network-unreachable',
      'dns-name-unknown',
    ],
    source: 'https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.MultiAZSingleStandby.html',
  },
  {
    id: 'maintenance',
    category: 'infrastructure',
    rank: 'origin',
    name: 'maintenance of the platform',
    mechanism: 'The provider patches, upgrades or moves the instance, which is not available meanwhile.',
    words:
      /(maintenance|patching|upgrade|host replacement|migration to new hardware)[^\n]{0,60}(started|in progress|has begun|applied|is being)|applying (the )?(modification|patch|maintenance)/i,
    explains: ['connections-dropped', 'restarted', 'replication-lag', 'network-unreachable'],
    source: rdsEvents,
  },
  {
    id: 'restarted',
    category: 'infrastructure',
    rank: 'weak',
    name: 'a database that was restarted',
    mechanism: 'While the instance restarts it takes no connections, and caches are cold afterwards.',
    words:
      /\b(DB|database)( instance| server| system)?[^\n]{0,40}\b(restarted|restarting|was shut ?down|is shutting down|rebooted|is starting up)|recovery of the DB instance/i,
    explains: ['connections-dropped', 'replication-lag'],
    source: rdsEvents,
  },
  {
    id: 'replication-broken',
    category: 'infrastructure',
    rank: 'cause',
    name: 'replication that stopped',
    mechanism: 'The replica no longer receives or applies the log of its source, so it falls behind without end.',
    words:
      /replication[^\n]{0,40}\b(stopped|broken|terminated|has ended|error)|replication slot[^\n]{0,60}(invalidated|lost|inactive|does not exist)|requested WAL segment[^\n]{0,80}removed/i,
    explains: ['replication-lag', 'storage-full'],
    source: postgresReplication,
  },
  {
    id: 'replay-blocked',
    category: 'resource',
    rank: 'cause',
    name: 'a replica whose replay waits for a query',
    mechanism:
      'A long query or transaction on the replica reads rows that the primary has since removed, so replay waits for it (recovery conflict), and the replica falls behind until the query ends or is cancelled.',
    words: /recovery conflict|conflict with recovery/i,
    atAnyLevel: true,
    explains: ['replication-lag'],
    source: 'https://www.postgresql.org/docs/current/hot-standby.html#HOT-STANDBY-CONFLICT',
  },
  {
    id: 'transaction-open',
    category: 'resource',
    rank: 'cause',
    name: 'a transaction that stays open for too long',
    mechanism:
      'While the transaction is open no old version of a row can be purged, so history grows and every statement, and every replica, has more of it to go through.',
    words: /history list length[^\n]{0,60}(increased|high|exceed)|long[- ]running transaction/i,
    explains: ['replication-lag', 'lock-contention', 'storage-full', 'io-saturated'],
    source: 'https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/proactive-insights.history-list.html',
  },
  {
    id: 'replication-lag',
    category: 'resource',
    rank: 'cause',
    name: 'replication lag',
    mechanism:
      'A write-heavy workload makes the primary generate write-ahead log (WAL) faster than the replica can replay it, so the replica falls behind and its readers see stale data.',
    words:
      /\breplica(tion)?\b[^\n]{0,60}\b(lag|lagging|behind|delay(ed)?)\b|Seconds_Behind_(Master|Source)|replay is behind/i,
    except: /lag[^\n]{0,40}(caught up|below|normal|within)/i,
    explains: [],
    source: postgresReplication,
  },
  {
    id: 'wraparound',
    category: 'resource',
    rank: 'cause',
    name: 'transaction ids that run out',
    mechanism:
      'Vacuum has not frozen old rows for so long that transaction ids near their end; the database refuses writes before they wrap around.',
    words: /wraparound|must be vacuumed within|autovacuum[^\n]{0,60}(cannot keep up|too old)/i,
    explains: ['io-saturated'],
    source: 'https://www.postgresql.org/docs/current/routine-vacuuming.html#VACUUM-FOR-WRAPAROUND',
  },
  {
    id: 'lock-contention',
    category: 'resource',
    rank: 'cause',
    name: 'sessions that wait for locks',
    mechanism:
      'Transactions hold locks that others wait for, so statements queue up, time out or are cancelled as deadlocks.',
    words:
      /deadlock (detected|found)|lock wait timeout|could not obtain lock|lock[_ ]timeout|blocked by (pid|process|session)|waiting for (\w+)?lock/i,
    atAnyLevel: true,
    explains: ['connections-exhausted', 'probe-failing'],
    source: 'https://www.postgresql.org/docs/current/explicit-locking.html',
  },
  {
    id: 'connections-limited',
    category: 'config-change',
    rank: 'origin',
    name: 'a limit of connections that was changed',
    mechanism:
      'The parameter was set to fewer connections than clients use; a static one takes effect with the next restart (pending-reboot), and from then on the server refuses what is above it.',
    words: /(updated parameter|parameter[^\n]{0,20}) "?max_(user_)?connections"?( changed)? to/i,
    atAnyLevel: true,
    needsEffect: true,
    explains: ['connections-exhausted', 'restarted'],
    source: rdsParameters,
  },
  {
    id: 'connections-exhausted',
    category: 'resource',
    rank: 'cause',
    name: 'connections that are used up',
    mechanism:
      'Client sessions take up nearly all connections that max_connections or the pool allows; idle ones that are not given back (idle in transaction, leaked from a pool) count as well, and new clients are refused or wait in vain.',
    words:
      /too many (clients|connections|sessions)|remaining connection slots|(max_connections|connection limit)[^\n]{0,40}(reached|exceed|exhaust|limit)|approaching max_connections|connection[ _-]?pool[^\n]{0,50}(exhaust|timeout|timed out|full|empty|limit)|(QueuePool|pool) limit of size|connection is not available, request timed out|connection leak detect|no more connections allowed|timed? ?out fetching a new connection|timeout waiting for idle object|maximum number of (sessions|processes) exceeded|(time(d)?[ -]?out|unable|failed)[^\n]{0,40}(acquir|obtain|get|check)\w*[^\n]{0,20}connection/i,
    explains: ['probe-failing'],
    source: postgresConnections,
  },
  {
    id: 'checkpoint-storm',
    category: 'resource',
    rank: 'cause',
    name: 'checkpoints that follow each other too closely',
    mechanism:
      'Checkpoints are requested faster than they can be written in peace, so flushing dirty pages takes up storage throughput and CPU that statements wait for.',
    words:
      /checkpoints? (are|is) occurring too frequently|checkpoint[^\n]{0,40}\b(storm|too frequent|overload|behind)/i,
    atAnyLevel: true,
    explains: ['io-saturated', 'cpu-saturated', 'connections-exhausted', 'replication-lag'],
    source: 'https://www.postgresql.org/docs/current/wal-configuration.html',
  },
  {
    id: 'io-saturated',
    category: 'resource',
    rank: 'cause',
    name: 'storage that is at the limit of its throughput',
    mechanism:
      'Requests queue at the volume because its IOPS, its throughput or its burst credits are used up, so every read and write waits.',
    words:
      /\b(IOPS|I\/O|throughput|burst (balance|credits?))\b[^\n]{0,50}\b(limit|exceed|exhaust|throttl|deplet|saturat)\w*/i,
    explains: ['connections-exhausted', 'replication-lag', 'probe-failing'],
    source: 'https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html',
  },
  {
    id: 'cpu-saturated',
    category: 'resource',
    rank: 'cause',
    name: 'CPU that is saturated',
    mechanism:
      'Work queues for the CPU, so everything that needs it slows down; the heaviest statements or requests are what uses it up.',
    words: /\bCPU\b[^\n]{0,50}\b(saturat|exhaust|pegged|at 100 ?%|throttl)\w*/i,
    except: /not (CPU )?(saturat|throttl)/i,
    explains: ['connections-exhausted', 'probe-failing'],
    source: rdsMetrics,
  },
  {
    id: 'memory-short',
    category: 'resource',
    rank: 'cause',
    name: 'memory that is nearly used up',
    mechanism:
      'With little memory left the system swaps and drops caches, so everything slows down, until a process is killed.',
    words:
      /(memory|RAM)[^\n]{0,40}\b(is |was )?(critically low|exhausted|running low|used up)|excessive swap|\bswap[^\n]{0,30}(full|exhausted)/i,
    explains: ['out-of-memory', 'io-saturated', 'restarted', 'probe-failing'],
    source: rdsMetrics,
  },
  {
    id: 'credentials-refused',
    category: 'config-change',
    rank: 'cause',
    name: 'credentials that the database refuses',
    mechanism: 'User, password or access rules do not fit, so no session is opened.',
    words:
      /password authentication failed|access denied for user|WRONGPASS|NOAUTH Authentication required|invalid username\/password; logon denied|SaslAuthenticationException|login failed for user|no pg_hba\.conf entry|role "[^"]{1,60}" does not exist|database "[^"]{1,60}" does not exist/i,
    explains: ['restarting', 'not-ready', 'probe-failing', 'application-crash'],
    source: postgresErrors,
  },
  {
    id: 'connections-dropped',
    category: 'unknown',
    rank: 'symptom',
    name: 'connections that broke at once',
    mechanism: 'All sessions ended at the same time: the server, the way to it, or its clients went away.',
    words: /connections?[^\n]{0,30}(dropped to (0|zero)|terminated by administrator)|terminating connection due to/i,
    explains: [],
    source: postgresErrors,
  },
];
