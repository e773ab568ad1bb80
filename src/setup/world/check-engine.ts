import { asMapping } from '../../config/raw.ts';
import type { World, WorldFindings } from './check-world.ts';
import { createFindings } from './look.ts';

/** Whether the engine has its key; it may be set only where `resident up` runs, so this is a note. */
export function checkEngine({ raw, env }: World): WorldFindings {
  const findings = createFindings();
  const { kind } = asMapping(asMapping(raw)['engine']);
  if (kind === 'claude' && !env['ANTHROPIC_API_KEY'])
    findings.note(
      ['engine', 'kind'],
      'is claude, and ANTHROPIC_API_KEY is not set here: without it the built-in analyst works alone; set it where `resident up` runs',
    );
  return findings;
}
