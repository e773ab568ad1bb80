import { checkEngine, openEngine } from '../adapters/docker/engine.ts';
import type { DoctorRow } from './doctor.ts';
import { lookForEngine, type EngineOptions } from './look-for-engine.ts';

/**
 * Whether the engine that runs here can hold the sandbox, and what weakens it: nobody else would tell before an incident.
 * Undefined where no engine runs, our own included; that has a row of its own.
 */
export async function inspectSandbox(options: EngineOptions): Promise<DoctorRow | undefined> {
  const dockerHost = (await lookForEngine(options))?.address;
  if (!dockerHost || !/^(unix|tcp|http):/.test(dockerHost)) return undefined;
  const preflight = await checkEngine(openEngine({ dockerHost }), { dockerHost });
  const base = {
    name: 'Sandbox',
    version: '',
    costsWithout: 'no reproduction: plans are marked as not reproduced',
    remedy: 'do what the reason says; docs/sandbox.md tells why',
  };
  if (!preflight.ok) return { ...base, found: false, where: preflight.reason };
  const { architecture, cgroupDriver } = preflight.engine;
  const where = `every limit can be enforced (${architecture}, ${cgroupDriver})`;
  return { ...base, found: true, where, warnings: preflight.warnings };
}
