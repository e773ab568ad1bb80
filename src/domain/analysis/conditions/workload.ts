import type { ConditionKind } from './conditions.ts';

const events = 'https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/';
const images = 'https://kubernetes.io/docs/concepts/containers/images/';
const resources = 'https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/';
const probes = 'https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/';
const debugging = 'https://kubernetes.io/docs/tasks/debug/debug-application/debug-pods/';
const pulling =
  /^(ErrImagePull|ImagePullBackOff|InvalidImageName|ErrImageNeverPull|RegistryUnavailable|Failed|BackOff)$/i;
const pullText = (words: string) => new RegExp(`(?=[\\s\\S]*(image|pull|manifest|registry))[\\s\\S]*(${words})`, 'i');

/** What a workload shows when it cannot run, whatever the reason. */
export const workloadSuffers = [
  'restarting',
  'not-ready',
  'probe-failing',
  'rollout-stuck',
  'application-crash',
  'no-endpoints',
] as const;

/**
 * Why containers of Kubernetes do not start or do not stay, from special to general.
 * Each row names its source; `matchKind` tells the cost.
 */
export const workloadConditions: readonly ConditionKind[] = [
  {
    id: 'image-denied',
    category: 'config-change',
    rank: 'cause',
    name: 'an image that the registry does not let the node pull',
    mechanism:
      'Without valid registry credentials (imagePullSecrets) the kubelet cannot pull the image, so no container starts.',
    reasons: pulling,
    words: pullText(
      'unauthorized|access denied|denied: |authentication required|\\b40[13]\\b|no basic auth|insufficient_scope',
    ),
    inLogs: false,
    explains: ['image-pull', ...workloadSuffers],
    source: images,
  },
  {
    id: 'image-missing',
    category: 'config-change',
    rank: 'cause',
    name: 'an image reference that the registry does not know',
    mechanism:
      'The image name or tag in the pod template does not exist in the registry (its manifest is unknown), so new pods stay in ImagePullBackOff while those of the old ReplicaSet go on serving.',
    reasons: pulling,
    words: pullText(
      'manifest.{0,20}unknown|not found|name unknown|does not exist|invalid reference|couldn.t parse image|NotFound',
    ),
    inLogs: false,
    explains: ['image-pull', ...workloadSuffers],
    source: images,
  },
  {
    id: 'registry-limit',
    category: 'outside-dependency',
    rank: 'cause',
    name: 'a registry that limits the rate of pulls',
    mechanism: 'The registry refuses further pulls until its rate limit is refilled, so new pods cannot start.',
    reasons: pulling,
    words: pullText('toomanyrequests|rate limit|\\b429\\b'),
    inLogs: false,
    explains: ['image-pull', ...workloadSuffers],
    source: images,
  },
  {
    id: 'registry-unreachable',
    category: 'infrastructure',
    rank: 'cause',
    name: 'a registry that cannot be reached',
    mechanism: 'The node cannot reach the image registry over the network, so new pods cannot start.',
    reasons: pulling,
    words: pullText('timeout|timed out|refused|no such host|unreachable|TLS handshake|\\b50[0234]\\b|reset by peer'),
    inLogs: false,
    explains: ['image-pull', ...workloadSuffers],
    source: images,
  },
  {
    id: 'out-of-memory',
    category: 'resource',
    rank: 'cause',
    name: 'a process that was killed for want of memory',
    mechanism:
      'The container used more memory than its limit, and the kernel ended it with SIGKILL (OOMKilled, exit code 137); it is started again and runs into the same limit.',
    words:
      /OOM-?Kill(ed|ing|er)?|\boom_score|SystemOOM|out of memory|OutOfMemory|cannot allocate memory|memory cgroup out|heap (limit|space)[^\n]{0,40}(exceed|exhaust|reached|failed)|MemoryError\b/i,
    except: /no OOM|not OOM|without OOM|shared memory/i,
    explains: [...workloadSuffers, 'memory-short', 'node-pressure'],
    source: resources,
  },
  {
    id: 'reference-missing',
    category: 'config-change',
    rank: 'cause',
    name: 'a ConfigMap, Secret or key that does not exist',
    mechanism:
      'The pod refers to a ConfigMap, a Secret or a key that does not exist, so the kubelet cannot create its container.',
    words:
      /(configmaps?|secrets?)[^\n]{0,100}(not found|does not exist|missing)|couldn.t find key|references non-existent (config|secret)/i,
    explains: ['volume-unavailable', ...workloadSuffers],
    source: debugging,
  },
  {
    id: 'command-invalid',
    category: 'config-change',
    rank: 'cause',
    name: 'a container whose command cannot be run',
    mechanism:
      'The command, the entry point or the security settings of the container are wrong, so the runtime cannot start it.',
    reasons:
      /^(CreateContainer(Config)?Error|RunContainerError|StartError|ContainerCannotRun|Failed|BackOff|CrashLoopBackOff)$/i,
    words:
      /executable file not found|exec format error|no such file or directory|permission denied|runAsNonRoot|CreateContainerConfigError|invalid (mount|capability|argument)/i,
    explains: [...workloadSuffers],
    source: debugging,
  },
  {
    id: 'permission-missing',
    category: 'config-change',
    rank: 'cause',
    name: 'a permission that is not granted',
    mechanism:
      'The identity that the workload runs as may not do what it asks for: a role, a binding or a policy does not fit.',
    words:
      /is forbidden: User|cannot (get|list|watch|create|update|patch|delete) resource|AccessDenied|not authorized to perform|UnauthorizedOperation/i,
    explains: [...workloadSuffers, 'volume-unavailable'],
    source: 'https://kubernetes.io/docs/reference/access-authn-authz/rbac/',
  },
  {
    id: 'no-endpoints',
    category: 'config-change',
    rank: 'weak',
    name: 'a Service that selects no ready pod',
    mechanism:
      'The selector or the port of the Service fits no ready pod, so calls to it find nobody although pods run.',
    words:
      /no (ready |available )?endpoints|endpoints? (not found|not available|are empty)|no healthy upstream|FailedToUpdateEndpoint/i,
    explains: ['not-ready'],
    source: 'https://kubernetes.io/docs/tasks/debug/debug-application/debug-service/',
  },
  {
    id: 'probe-failing',
    category: 'config-change',
    rank: 'weak',
    name: 'a probe that the container does not pass',
    mechanism:
      'The kubelet restarts a container that fails its liveness probe, and takes one out of service that fails its readiness probe, even while it serves requests: path, port, timeout or threshold of the probe do not fit the application.',
    reasons: /^(Unhealthy|ProbeError|ProbeWarning|Killing)$/i,
    words: /\b(liveness|readiness|startup) probe|\bprobe\b/i,
    explains: ['restarting', 'not-ready', 'rollout-stuck'],
    source: probes,
  },
];

/** What any of these looks like from outside; consulted last. */
export const workloadSymptoms: readonly ConditionKind[] = [
  {
    id: 'restarting',
    category: 'unknown',
    rank: 'symptom',
    name: 'a container that ends again and again',
    mechanism:
      'The container exits soon after each start, and the kubelet waits longer before each next try (CrashLoopBackOff).',
    reasons: /^(Init:)?(BackOff|CrashLoopBackOff|Error|Restarted)$/i,
    except: /pulling image/i,
    explains: ['not-ready', 'rollout-stuck'],
    source: debugging,
  },
  {
    id: 'image-pull',
    category: 'config-change',
    rank: 'weak',
    name: 'an image that cannot be pulled',
    mechanism: 'The kubelet cannot pull the image of the container and backs off (ImagePullBackOff).',
    words: /ImagePullBackOff|ErrImagePull|back-off pulling image|failed to pull image/i,
    except: /no (ImagePullBackOff|ErrImagePull)/i,
    inLogs: false,
    explains: ['not-ready', 'rollout-stuck'],
    source: images,
  },
  {
    id: 'rollout-stuck',
    category: 'unknown',
    rank: 'symptom',
    name: 'a rollout that does not finish',
    mechanism: 'The new replicas do not become available in time.',
    reasons:
      /^(ProgressDeadlineExceeded|BackoffLimitExceeded|DeadlineExceeded|FailedCreate|ReplicasUnavailable|MinimumReplicasUnavailable)$/i,
    explains: [],
    source: events,
  },
  {
    id: 'not-ready',
    category: 'unknown',
    rank: 'symptom',
    name: 'a pod that is not ready',
    mechanism: 'The pod gets no traffic until its containers are ready.',
    reasons: /^(ContainersNotReady|NotReady|PodNotReady|Pending|Unready)$/i,
    explains: [],
    source: debugging,
  },
];
