import type { Git } from '../../adapters/git/git.ts';
import { chooseSource, type ChosenExcerpt } from '../../domain/diagnosis/choose-source.ts';
import type { SourceExcerpt } from '../../domain/evidence/evidence.ts';
import type { ServiceSettings } from '../../domain/settings.ts';
import { countOf } from '../../domain/text.ts';
import type { ObserveActivities } from '../contract.ts';
import { loadEvidence, type BodyStore } from './load-evidence.ts';
import { notConfigured, recordEvidence, type EvidencePorts } from './record-evidence.ts';

export interface CollectSourcePorts extends EvidencePorts {
  readonly store: BodyStore;
  readonly services: Readonly<Record<string, Pick<ServiceSettings, 'source'>>>;
  readonly git: Pick<Git, 'resolve' | 'listFiles' | 'readFile'>;
}

/** Of one service; the prompt takes what fits into its share. */
const mostCharacters = 160_000;

/**
 * Makes the activity that collects the source that an engine should have before it: what is deployed, or what is checked out where
 * no deploy is known. Which files, {@link chooseSource} says from the evidence of the service.
 */
export function createCollectSource(ports: CollectSourcePorts): ObserveActivities['collectSource'] {
  const { services, git, store, redact } = ports;
  return async (input) => {
    const source = services[input.service]?.source;
    const asked = { kind: 'source', source: `git ${source ?? ''}`, query: 'deployed, else HEAD' } as const;
    return recordEvidence(ports, input, asked, async () => {
      if (source === undefined) return notConfigured(input.service, 'source', 'Give the service a `source`.');
      const own = input.evidence.filter((item) => item.service === input.service);
      const bodies = (await loadEvidence(store, own)).flatMap(({ body }) => (body ? [body] : []));
      const deploys = bodies.flatMap((body) => (body.kind === 'deploys' ? body.deploys : []));
      const deployed = deploys.findLast(({ status }) => status === 'succeeded');
      const revision = await resolveFirst(git, source, [deployed?.commit, deployed?.revision, 'HEAD']);
      const failing = bodies.flatMap((body) =>
        body.kind === 'logs' ? body.lines.filter(({ at, level }) => level === 'error' && at >= body.incidentFrom) : [],
      );
      const changes = bodies.flatMap((body) => (body.kind === 'changes' ? body.changes : []));
      const files = await git.listFiles(source, revision);
      const chosen = chooseSource(files, { failing, changes });
      const linesOf = await readLines({ git, redact }, source, revision, chosen);
      const excerpts: SourceExcerpt[] = [];
      let room = mostCharacters;
      for (const { path, fromLine, toLine, why } of chosen) {
        const lines = linesOf.get(path) ?? [];
        const text = lines.slice(fromLine - 1, toLine).join('\n');
        if (text.trim() === '' || text.length > room) continue;
        room -= text.length;
        excerpts.push({ path, revision, fromLine, text, why });
      }
      if (excerpts.length === 0) return { outcome: 'empty', summary: `no text in the source of ${input.service}` };
      return {
        outcome: 'found',
        query: revision,
        summary: `${countOf(excerpts.length, 'excerpt')} of ${countOf(files.length, 'file')} at ${revision.slice(0, 12)}`,
        body: { kind: 'source', service: input.service, excerpts },
      };
    });
  };
}

/**
 * The lines of each file that excerpts are taken from, read once however many there are; none where a file is no text. Files are
 * redacted whole: the middle of a key says nowhere that it is one.
 */
async function readLines(
  { git, redact }: Pick<CollectSourcePorts, 'git' | 'redact'>,
  source: string,
  revision: string,
  chosen: readonly ChosenExcerpt[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const linesOf = new Map<string, readonly string[]>();
  for (const { path } of chosen) {
    if (linesOf.has(path)) continue;
    const text = await git.readFile(source, revision, path);
    linesOf.set(path, text === undefined ? [] : redact(text).split('\n'));
  }
  return linesOf;
}

/** A deploy record may name what the repository does not know. */
async function resolveFirst(
  git: Pick<Git, 'resolve'>,
  source: string,
  revisions: readonly (string | undefined)[],
): Promise<string> {
  let last: unknown;
  for (const revision of revisions) {
    if (revision === undefined) continue;
    try {
      return await git.resolve(source, revision);
    } catch (error) {
      last = error;
    }
  }
  throw last;
}
