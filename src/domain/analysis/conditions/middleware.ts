import type { ConditionKind } from './conditions.ts';
import { workloadSuffers } from './workload.ts';

/**
 * States of message brokers, caches, search stores and metered cloud stores, by the words that they send to their clients.
 * Each row names its source; `matchKind` tells the cost.
 */
export const middlewareConditions: readonly ConditionKind[] = [
  {
    id: 'broker-replicas-missing',
    category: 'infrastructure',
    rank: 'cause',
    name: 'a message broker that lacks replicas or leaders of its partitions',
    mechanism:
      'A broker is away or cut off, so partitions wait for a new leader or have fewer replicas in sync than writes ask for; producers retry until their time is over, and consumers fall behind.',
    words:
      /NOT_LEADER_OR_FOLLOWER|NOT_LEADER_FOR_PARTITION|NotLeader(OrFollower|ForPartition)|LEADER_NOT_AVAILABLE|LeaderNotAvailable|NOT_ENOUGH_REPLICAS|NotEnoughReplicas|fewer in-sync replicas|COORDINATOR_NOT_AVAILABLE|CoordinatorNotAvailable/,
    explains: [...workloadSuffers],
    source: 'https://kafka.apache.org/protocol.html#protocol_error_codes',
  },
  {
    id: 'broker-alarm',
    category: 'resource',
    rank: 'cause',
    name: 'a message broker that stopped taking messages for want of memory or disk',
    mechanism:
      'Over its memory or disk watermark the broker raises an alarm and blocks every connection that publishes, until the alarm clears.',
    words:
      /(memory|disk)( resource limit)? alarm (set|is in effect)|vm_memory_high_watermark set|(connection|publisher)s?[^\n]{0,40}blocked[^\n]{0,40}(low on (memory|disk)|resource alarm)/i,
    explains: ['storage-full', 'memory-short', ...workloadSuffers],
    source: 'https://www.rabbitmq.com/docs/alarms',
  },
  {
    id: 'cache-full',
    category: 'resource',
    rank: 'cause',
    name: 'a cache whose memory is used up',
    mechanism:
      'The cache holds as much as maxmemory allows and may evict nothing (policy noeviction, or no key that may go), so it refuses every command that writes.',
    words: /command not allowed when used memory|used memory > '?maxmemory/i,
    explains: ['memory-short', 'out-of-memory', ...workloadSuffers],
    source: 'https://redis.io/docs/latest/develop/reference/eviction/',
  },
  {
    id: 'index-read-only',
    category: 'resource',
    rank: 'cause',
    name: 'a search store that made its indices read-only for want of disk',
    mechanism:
      'A data node passed the flood-stage watermark of its disk, so every index with a shard on it takes no more writes.',
    words: /flood[- _]stage|read[-_]only[-_]allow[-_]delete|FORBIDDEN\/12\/index/i,
    explains: ['storage-full', ...workloadSuffers],
    source: 'https://www.elastic.co/docs/troubleshoot/elasticsearch/fix-watermark-errors',
  },
  {
    id: 'circuit-breaker',
    category: 'resource',
    rank: 'cause',
    name: 'a search store that refuses requests to spare its heap',
    mechanism: 'The request would take more heap than the circuit breaker of the node allows, so it is rejected.',
    words: /circuit_breaking_exception|CircuitBreakingException|\[parent\] Data too large/,
    explains: ['memory-short', ...workloadSuffers],
    source: 'https://www.elastic.co/docs/troubleshoot/elasticsearch/circuit-breaker-errors',
  },
  {
    id: 'throughput-provisioned',
    category: 'resource',
    rank: 'cause',
    name: 'a provisioned throughput that is used up',
    mechanism: 'More is read or written than the table or stream was provisioned for, so the excess is rejected.',
    words: /ProvisionedThroughputExceeded|throughput (limit )?for the (table|stream)[^\n]{0,60}exceed/i,
    explains: [...workloadSuffers],
    source: 'https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html',
  },
];

/** What a provider tells all its customers; it counts where calls that fail here name the same provider. */
export const providerConditions: readonly ConditionKind[] = [
  {
    id: 'provider-incident',
    category: 'outside-dependency',
    rank: 'weak',
    name: 'an incident at a provider',
    mechanism:
      'The provider tells of trouble with a service of its own, and calls that fail here name that provider; only the provider can mend it.',
    words:
      /(increased|elevated|high) (api )?(error rates?|errors|fault rates?|latenc(y|ies)|failures)|service (disruption|degradation|outage)|SERVICE_(DISRUPTION|OUTAGE)|(partial|major) outage|degraded performance|investigating (an issue|reports of|connectivity issues)/i,
    except: /maintenance|resolved|operating normally|has been mitigated|no longer/i,
    inLogs: false,
    isHearsay: true,
    explains: [],
    source: 'https://docs.aws.amazon.com/health/latest/ug/aws-health-concepts-and-terms.html',
  },
];
