import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import type { FoundFault } from './check-references.ts';
import { isGitUrl } from './normalise.ts';
import type { ResidentFile, ServiceEntry } from './schema.ts';

/** What we read of a Backstage entity of kind Component (backstage.io, "Descriptor Format of Catalog Entities"). */
const componentSchema = z.object({
  kind: z.literal('Component'),
  metadata: z.object({ name: z.string() }),
  spec: z.object({ owner: z.string().optional(), dependsOn: z.array(z.string()).optional() }),
});

/**
 * Takes owner and dependencies from the `catalog-info.yaml` in a service's source, where resident.yaml does not name them.
 * Dependencies that are no services of resident.yaml (resources, other systems) are passed over.
 */
export function addCatalogs(
  raw: ResidentFile,
  folder: string,
): { readonly file: ResidentFile; readonly faults: readonly FoundFault[] } {
  const faults: FoundFault[] = [];
  const services: Record<string, ServiceEntry> = {};
  for (const [name, entry] of Object.entries(raw.services)) {
    try {
      services[name] = addCatalog(name, entry, folder, Object.keys(raw.services));
    } catch (error) {
      services[name] = entry;
      const message = `has a catalog-info.yaml that cannot be read (${(error as Error).message}); mend or remove it`;
      faults.push({ path: ['services', name, 'source'], message });
    }
  }
  return { file: { ...raw, services }, faults };
}

function addCatalog(name: string, entry: ServiceEntry, folder: string, known: readonly string[]): ServiceEntry {
  if (entry.source === undefined || isGitUrl(entry.source)) return entry;
  const file = path.resolve(folder, entry.source, 'catalog-info.yaml');
  if (!existsSync(file)) return entry;
  const documents = parseAllDocuments(readFileSync(file, 'utf8'));
  const entities = 'empty' in documents ? [] : documents.map((document) => document.toJS() as unknown);
  const components = entities.flatMap((entity) => componentSchema.safeParse(entity).data ?? []);
  const component = components.find(({ metadata }) => metadata.name === name) ?? components[0];
  if (!component) return entry;
  const { owner, dependsOn = [] } = component.spec;
  const services = dependsOn.flatMap((reference) => {
    const { kind, name: other } = parseReference(reference);
    return kind === 'component' && other !== name && known.includes(other) ? [other] : [];
  });
  return {
    ...entry,
    owner: entry.owner ?? (owner === undefined ? undefined : parseReference(owner).name),
    dependsOn: entry.dependsOn ?? services,
  };
}

/** `[kind:][namespace/]name`. */
function parseReference(reference: string): { readonly kind: string; readonly name: string } {
  const [, kind = '', name = reference] = /^(?:([^:/]+):)?(?:[^/]+\/)?([^/]+)$/.exec(reference) ?? [];
  return { kind: kind.toLowerCase(), name };
}
