import type { ConditionKind } from './conditions.ts';
import { workloadSuffers } from './workload.ts';

const nodes = 'https://kubernetes.io/docs/concepts/architecture/nodes/';
const scheduling = 'https://kubernetes.io/docs/concepts/scheduling-eviction/';
const volumes = 'https://kubernetes.io/docs/concepts/storage/persistent-volumes/';

/**
 * States of a Kubernetes cluster and its machines, from special to general.
 * Each row names its source; `matchKind` tells the cost.
 */
export const clusterConditions: readonly ConditionKind[] = [
  {
    id: 'node-lost',
    category: 'infrastructure',
    rank: 'origin',
    name: 'a node that stopped reporting',
    mechanism:
      'The kubelet of the node no longer sends heartbeats, so the control plane sets the node to NotReady or Unknown, takes its pods out of service and evicts them; pods on healthy nodes are not at fault. Other conditions of a silent node are its last words, not news.',
    reasons:
      /^(NodeNotReady|NodeLost|NodeStatusUnknown|NodeUnreachable|NodeReady(Unknown|False)|NodeControllerEviction|TaintManagerEviction|KubeletNotReady|KubeletDown|HostNetworkNotReady|ReadyUnknown|DeletingNode|NodeShutdown|Shutdown)$/i,
    words:
      /kubelet (has )?(stopped|is not|lost)|\bnode\b[^\n]{0,80}\b(unresponsive|unreachable|not ?ready|Ready=(Unknown|False))|node\.kubernetes\.io\/(unreachable|not-ready)/i,
    either: true,
    inLogs: false,
    explains: [
      'node-pressure',
      'unschedulable-rules',
      'unschedulable',
      'evicted',
      'volume-unavailable',
      'network-not-ready',
      ...workloadSuffers,
    ],
    source: nodes,
  },
  {
    id: 'host-taken',
    category: 'infrastructure',
    rank: 'origin',
    name: 'a machine that its provider takes away',
    mechanism: 'The provider ends, retires or reboots the machine, and what runs on it goes with it.',
    words:
      /spot (instance )?interruption|preempt(ed|ion) notice|scheduled (retirement|maintenance|reboot)|instance (is |was )?(terminat|retir)\w*|hardware (failure|fault|degraded)|system status check failed|\brebooted\b/i,
    explains: ['node-lost', 'evicted', 'unschedulable', ...workloadSuffers],
    source: nodes,
  },
  {
    id: 'node-pressure',
    category: 'resource',
    rank: 'cause',
    name: 'a node that is short of memory, disk or process ids',
    mechanism: 'Under pressure the kubelet evicts pods and the scheduler sends no new ones to the node.',
    reasons:
      /^(NodeHas(DiskPressure|InsufficientMemory|InsufficientPID|MemoryPressure|PIDPressure)|(Memory|Disk|PID)Pressure|EvictionThresholdMet|FreeDiskSpaceFailed|ImageGCFailed|InsufficientFreeDisk)$/i,
    explains: ['evicted', 'unschedulable', 'unschedulable-rules', ...workloadSuffers],
    source: 'https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/',
  },
  {
    id: 'evicted',
    category: 'resource',
    rank: 'cause',
    name: 'pods that were evicted for want of a resource',
    mechanism: 'The kubelet ended pods because the node ran low on a resource.',
    reasons: /^(Evicted|Evicting|Preempted|Preempting)$/i,
    explains: [...workloadSuffers],
    source: 'https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/',
  },
  {
    id: 'quota-exceeded',
    category: 'resource',
    rank: 'cause',
    name: 'a resource quota that is used up',
    mechanism:
      'The quota of the namespace is used up, so the admission controller rejects new pods before the scheduler sees them; the pods that exist keep running.',
    words: /exceeded quota|quota[^\n]{0,60}(exceeded|exhausted|at 100 ?%|used up)|exceeds? [^\n]{0,40}quota/i,
    except: /disk quota/i,
    explains: ['admission-denied', ...workloadSuffers],
    source: 'https://kubernetes.io/docs/concepts/policy/resource-quotas/',
  },
  {
    id: 'addresses-exhausted',
    category: 'resource',
    rank: 'cause',
    name: 'a network without free addresses',
    mechanism: 'No address is left for new pods, so their sandboxes cannot be created.',
    words:
      /failed to (assign|allocate) an? (IP|address)|no (available|free|more) (IP|address)|InsufficientFreeAddresses|IP address(es)? exhaust/i,
    explains: ['network-not-ready', ...workloadSuffers],
    source: 'https://kubernetes.io/docs/concepts/cluster-administration/networking/',
  },
  {
    id: 'unschedulable',
    category: 'resource',
    rank: 'cause',
    name: 'a pod for which no node has room',
    mechanism:
      'The pod asks for more than any node has left to give (its request against what is allocatable), so it stays Pending and Unschedulable although the nodes are Ready.',
    reasons: /^(FailedScheduling|Unschedulable|FailedBinding|NotTriggerScaleUp)$/i,
    words:
      /insufficient (cpu|memory|ephemeral-storage|pods|\S+)|too many pods|max node group size|exceed[^\n]{0,20}capacity/i,
    explains: [...workloadSuffers],
    source: scheduling,
  },
  {
    id: 'unschedulable-rules',
    category: 'config-change',
    rank: 'cause',
    name: 'a pod that no node is allowed to take',
    mechanism: 'Taints, affinity, node selectors or volume zones exclude every node, so the pod stays Pending.',
    reasons: /^(FailedScheduling|Unschedulable)$/i,
    words: /taint|affinity|selector|topology|didn.t match|unbound|volume node/i,
    explains: [...workloadSuffers],
    source: scheduling,
  },
  {
    id: 'admission-denied',
    category: 'config-change',
    rank: 'cause',
    name: 'an admission controller that denies new pods',
    mechanism: 'A policy or webhook of the cluster rejects the pod as it is written, so none is created.',
    reasons: /^(FailedCreate|FailedUpdate|FailedApply)$/i,
    words: /forbidden|admission webhook|denied the request|violates PodSecurity|maximum (cpu|memory) usage|is invalid/i,
    explains: [...workloadSuffers],
    source: 'https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/',
  },
  {
    id: 'volume-unavailable',
    category: 'infrastructure',
    rank: 'cause',
    name: 'a volume that cannot be attached or mounted',
    mechanism: 'The pod waits for a volume that the platform cannot provision, attach or mount.',
    reasons: /^(FailedMount|FailedAttachVolume|FailedMapVolume|ProvisioningFailed|VolumeResizeFailed|FailedBinding)$/i,
    explains: [...workloadSuffers],
    source: volumes,
  },
  {
    id: 'network-not-ready',
    category: 'infrastructure',
    rank: 'cause',
    name: 'a pod network that does not work',
    mechanism: 'The network plugin cannot give the pod a network, so its sandbox is not created.',
    reasons: /^(NetworkNotReady|FailedCreatePodSandBox|CNIError|NetworkUnavailable)$/i,
    explains: [...workloadSuffers],
    source: 'https://kubernetes.io/docs/concepts/extend-kubernetes/compute-storage-net/network-plugins/',
  },
  {
    id: 'scale-limit',
    category: 'traffic',
    rank: 'cause',
    name: 'an autoscaler at its upper limit',
    mechanism: 'The load asks for more replicas than the autoscaler may start, so those that exist are overloaded.',
    words:
      /(reached|at|hit)( the| its)? max(imum|Replicas| replicas)|TooManyReplicas|desired replica count is more than the maximum/i,
    explains: ['cpu-saturated', 'not-ready', 'probe-failing'],
    source: 'https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/',
  },
];
