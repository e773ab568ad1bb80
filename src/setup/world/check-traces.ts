import { createJaeger } from '../../adapters/jaeger/jaeger.ts';
import type { HttpOptions } from '../../adapters/http-ask.ts';
import { asMapping, isText } from '../../config/raw.ts';
import type { World, WorldFindings } from './check-world.ts';
import { createFindings, lookMs, type NamedServices } from './look.ts';

/** Whether the trace server answers, and knows the services; it may be down now and up when it is needed, so these are notes. */
export async function checkTraces(services: NamedServices, { jaeger }: World): Promise<WorldFindings> {
  const findings = createFindings();
  if (!jaeger) return findings;
  try {
    const known = await listServices(jaeger);
    for (const [name, entry] of services) {
      const { service } = asMapping(entry['traces']);
      const traced = isText(service) ? service : name;
      if (known.includes(traced)) continue;
      const names = known.slice(0, 10).join(', ') || 'none yet';
      findings.note(
        isText(service) ? ['services', name, 'traces', 'service'] : ['services', name],
        `has no traces as ${traced}; the trace server knows ${names}: write traces: { service: NAME } where the name is another`,
      );
    }
  } catch (error) {
    findings.note(
      ['traces', 'jaeger', 'url'],
      `does not answer as Jaeger's query API now: ${(error as Error).message}`,
    );
  }
  return findings;
}

const listServices = (jaeger: HttpOptions) => createJaeger({ ...jaeger, timeoutMs: lookMs }).listServices();
