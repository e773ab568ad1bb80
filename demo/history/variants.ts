import { harmful, harmless } from './incident-window.ts';
import type { CommitRecipe, ServiceName } from './recipe.ts';

export const VARIANTS = ['session', 'payment', 'order', 'inventory', 'outage'] as const;
export type Variant = (typeof VARIANTS)[number];

/** A commit of the incident window and how long before the demo it was made. */
export interface WindowCommit {
  readonly minutesAgo: number;
  readonly recipe: CommitRecipe;
}

/** What happens to one service during the demo: its newest commits, and when they are deployed, if at all. */
export interface ServiceWindow {
  readonly commits: readonly WindowCommit[];
  /** Milliseconds after the load began. Absent: the commits wait for a later deploy. */
  readonly deployAfterMs?: number;
}

export interface VariantRecipe {
  readonly windows: Readonly<Record<ServiceName, ServiceWindow>>;
  /** The service whose window holds the harmful commit, or the outside provider that goes down. */
  readonly culprit:
    | { readonly kind: 'commit'; readonly service: ServiceName; readonly subject: string }
    | { readonly kind: 'outside'; readonly name: 'acquirer'; readonly afterMs: number };
}

const EARLY_MS = 6_000;
const MIDDLE_MS = 12_000;
const FAULT_MS = 25_000;

const commit = (minutesAgo: number, recipe: CommitRecipe): WindowCommit => ({ minutesAgo, recipe });

const orderQuiet = [commit(27, harmless.orderCountry), commit(19, harmless.orderMemory)];
const userQuiet = [commit(22, harmless.userReadme), commit(7, harmless.userStartLog)];
const paymentQuiet = [commit(21, harmless.paymentTimeout), commit(13, harmless.paymentSlowLimit)];
const inventoryQuiet = [commit(24, harmless.inventoryLowStock)];

/** The same shop, broken in five ways. The alert always fires on order-service. */
export const variants: Readonly<Record<Variant, VariantRecipe>> = {
  session: {
    windows: {
      'order-service': { commits: [...orderQuiet, commit(15, harmless.orderSessionComment)], deployAfterMs: EARLY_MS },
      'payment-service': { commits: paymentQuiet, deployAfterMs: MIDDLE_MS },
      'user-service': {
        commits: [commit(22, harmless.userReadme), commit(9, harmful.session), commit(6, harmless.userStartLog)],
        deployAfterMs: FAULT_MS,
      },
      'inventory-service': { commits: inventoryQuiet },
    },
    culprit: { kind: 'commit', service: 'user-service', subject: harmful.session.subject },
  },
  payment: {
    windows: {
      'order-service': { commits: orderQuiet, deployAfterMs: EARLY_MS },
      'user-service': { commits: userQuiet, deployAfterMs: MIDDLE_MS },
      'payment-service': {
        commits: [commit(21, harmless.paymentTimeout), commit(11, harmful.payment), commit(5, harmless.paymentLog)],
        deployAfterMs: FAULT_MS,
      },
      'inventory-service': { commits: inventoryQuiet },
    },
    culprit: { kind: 'commit', service: 'payment-service', subject: harmful.payment.subject },
  },
  order: {
    windows: {
      'user-service': { commits: userQuiet, deployAfterMs: EARLY_MS },
      'payment-service': { commits: paymentQuiet, deployAfterMs: MIDDLE_MS },
      'order-service': {
        commits: [commit(27, harmless.orderCountry), commit(10, harmful.order), commit(4, harmless.orderMemory)],
        deployAfterMs: FAULT_MS,
      },
      'inventory-service': { commits: inventoryQuiet },
    },
    culprit: { kind: 'commit', service: 'order-service', subject: harmful.order.subject },
  },
  inventory: {
    windows: {
      'order-service': { commits: orderQuiet, deployAfterMs: EARLY_MS },
      'user-service': { commits: userQuiet, deployAfterMs: MIDDLE_MS },
      'inventory-service': {
        commits: [
          commit(24, harmless.inventoryLowStock),
          commit(9, harmful.inventory),
          commit(3, harmless.inventoryVase),
        ],
        deployAfterMs: FAULT_MS,
      },
      'payment-service': { commits: paymentQuiet },
    },
    culprit: { kind: 'commit', service: 'inventory-service', subject: harmful.inventory.subject },
  },
  outage: {
    windows: {
      'order-service': { commits: orderQuiet, deployAfterMs: EARLY_MS },
      'user-service': { commits: [...userQuiet, commit(4, harmless.userNames)], deployAfterMs: MIDDLE_MS + 6_000 },
      'payment-service': { commits: paymentQuiet, deployAfterMs: MIDDLE_MS },
      'inventory-service': { commits: inventoryQuiet },
    },
    culprit: { kind: 'outside', name: 'acquirer', afterMs: FAULT_MS },
  },
};
