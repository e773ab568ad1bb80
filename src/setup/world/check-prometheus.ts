import { z } from 'zod';
import { createAsk } from '../../adapters/prometheus/client.ts';
import type { World, WorldFindings } from './check-world.ts';
import { createFindings, lookMs } from './look.ts';

/** Whether Prometheus answers a query; it may be down now and up when it is needed, so this is a note. */
export async function checkPrometheus({ prometheus }: World): Promise<WorldFindings> {
  const findings = createFindings();
  if (!prometheus) return findings;
  const ask = createAsk({ ...prometheus, timeoutMs: lookMs });
  await ask('/api/v1/query', { query: '1' }, z.unknown()).catch((error: unknown) =>
    findings.note(['prometheus', 'url'], `does not answer as Prometheus now: ${(error as Error).message}`),
  );
  return findings;
}
