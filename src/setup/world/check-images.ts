import { asMapping, isMapping, isText } from '../../config/raw.ts';
import { imageLanguages, parseImageName } from '../../domain/reproduction/image-name.ts';
import { lookFor } from '../look-for.ts';
import { askDocker } from '../probe.ts';
import type { World, WorldFindings } from './check-world.ts';
import { createFindings, type NamedServices } from './look.ts';

/** Images that the sandbox is to use: built here for a language, else held by the engine already, for none is pulled. */
export async function checkImages(services: NamedServices, world: World): Promise<WorldFindings> {
  const findings = createFindings();
  const wanted = services.flatMap(([name, entry]) => {
    if (!isMapping(entry['sandbox'])) return [];
    const image = asMapping(entry['sandbox'])['image'] ?? entry['language'];
    return [{ at: ['services', name, 'sandbox'], image: isText(image) ? image : undefined }];
  });
  const given = wanted.filter(
    ({ image }) => image === undefined || ['pinned', 'local'].includes(parseImageName(image).kind),
  );
  if (given.length === 0) return findings;
  const socket = await findSocket(world);
  for (const { at, image } of given) {
    const built = imageLanguages.join(', ');
    if (image === undefined) {
      findings.note(
        at,
        `has neither an image nor a language to build one for; write image: with one of ${built}, or an image's name`,
      );
    } else if (socket && (await askDocker(socket, `/images/${encodeURI(image)}/json`)) === undefined) {
      findings.note(
        [...at, 'image'],
        `names ${image}, which the Docker engine does not hold; run \`docker pull ${image}\`: none is pulled in an incident`,
      );
    }
  }
  return findings;
}

/** The engine that runs now. One that `resident up` would start first is asked by the incident itself. */
async function findSocket({ env, cacheFolder }: World): Promise<string | undefined> {
  const look = await lookFor('docker', { env, cacheFolder });
  const address = look.is === 'found' ? look.found.address : undefined;
  return address?.startsWith('unix://') ? address.slice('unix://'.length) : undefined;
}
