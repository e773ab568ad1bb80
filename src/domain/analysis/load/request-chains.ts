import { median, type Point } from '../metrics/points.ts';
import { scaleOf } from '../metrics/baseline.ts';
import type { ServiceFlow, ServiceFlows } from './service-flows.ts';

/** A service that began to call another more often for each call of its own. */
export interface Amplification {
  readonly caller: string;
  readonly callee: string;
  /** How many times as many calls as before; above 1. */
  readonly factor: number;
  /** Retries come with failures of the callee; without them the caller asks more (a loop, a lost cache) and is at fault itself. */
  readonly isRetry: boolean;
  readonly evidenceId: string;
}

/** A ratio that moved by less than this is how load is mixed on another day. */
const leastFactor = 1.4;
const leastContrast = 4;

/**
 * Calls whose rate grew against the caller's own within [fromMs, toMs]: retries and loops, told apart by whether the callee failed. A callee
 * with several callers counts against each only as far as none of the others grew as much. O(edges × cells).
 * Retries multiply along a chain of calls: Beyer et al., "Site Reliability Engineering", 2016, ch. 22.
 */
export function findAmplifications(
  flows: ServiceFlows,
  dependencies: Readonly<Record<string, readonly string[]>>,
  fromMs: number,
  toMs: number,
): readonly Amplification[] {
  const byName = new Map(flows.services.map((flow) => [flow.service, flow]));
  return Object.entries(dependencies).flatMap(([caller, callees]) =>
    callees.flatMap((callee): Amplification[] => {
      const [from, to] = [byName.get(caller), byName.get(callee)];
      if (!from?.requests || !to?.requests) return [];
      const rates = new Map(from.requests);
      const ratio = to.requests.flatMap(([at, value]): Point[] => {
        const rate = rates.get(at) ?? 0;
        return rate > 0 ? [[at, value / rate]] : [];
      });
      const factor = growth(ratio, fromMs, toMs);
      if (factor === undefined) return [];
      return [{ caller, callee, factor, isRetry: isFailing(to, fromMs, toMs), evidenceId: to.evidenceId }];
    }),
  );
}

/** How many times its earlier median a series has within the interval; undefined when that is no more than it usually moves. */
function growth(points: readonly Point[], fromMs: number, toMs: number): number | undefined {
  const before = points.filter(([at]) => at < fromMs).map(([, value]) => value);
  const inside = points.filter(([at]) => at >= fromMs && at <= toMs).map(([, value]) => value);
  if (before.length < 5 || inside.length === 0) return undefined;
  const usual = median(before);
  const scale = scaleOf(
    before.map((value) => value - usual),
    usual,
  );
  const now = median(inside);
  return usual > 0 && now >= leastFactor * usual && now - usual >= leastContrast * scale ? now / usual : undefined;
}

function isFailing(flow: ServiceFlow, fromMs: number, toMs: number): boolean {
  const before = (flow.failing ?? []).filter(([at]) => at < fromMs).map(([, value]) => value);
  const inside = (flow.failing ?? []).filter(([at]) => at >= fromMs && at <= toMs).map(([, value]) => value);
  return inside.length > 0 && median(inside) > median(before) + 0.01;
}
