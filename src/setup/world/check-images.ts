import path from 'node:path';
import { asMapping, isMapping, isText } from '../../config/raw.ts';
import { imageLanguages } from '../../domain/reproduction/image-name.ts';
import { explainImage } from '../images/explain-image.ts';
import { lookForEngine } from '../look-for-engine.ts';
import { askDocker } from '../probe.ts';
import type { World, WorldFindings } from './check-world.ts';
import { createFindings, type NamedServices } from './look.ts';

/**
 * Images that the sandbox is to use: built here for a language that this machine has, else held by the engine already, for none
 * is pulled. Languages and slips of the pen are told without any engine.
 */
export async function checkImages(services: NamedServices, world: World): Promise<WorldFindings> {
  const findings = createFindings();
  const wanted = services.flatMap(([name, entry]) => {
    if (!isMapping(entry['sandbox'])) return [];
    const image = asMapping(entry['sandbox'])['image'] ?? entry['language'];
    return [{ at: ['services', name, 'sandbox'], image: isText(image) ? image : undefined }];
  });
  if (wanted.length === 0) return findings;
  const socket = await findSocket(world);
  const { stateFolder } = asMapping(world.raw);
  const state = path.resolve(world.folder, isText(stateFolder) ? stateFolder : '.resident');
  const place = { recordsFile: path.join(state, 'images.json'), ...(socket ? { socket } : {}) };
  const problems = new Map<string, Promise<string | undefined>>();
  for (const { at, image } of wanted) {
    if (image === undefined) {
      findings.note(
        at,
        `has neither an image nor a language to build one for; write image: with one of ${imageLanguages.join(', ')}, or an image's name`,
      );
      continue;
    }
    const known = problems.get(image) ?? explainImage(image, place);
    problems.set(image, known);
    const problem = await known;
    if (problem !== undefined) findings.note([...at, 'image'], `names ${image}: ${problem}`);
  }
  await checkRuntime(socket, world, findings.note);
  return findings;
}

async function checkRuntime(
  socket: string | undefined,
  { raw }: World,
  note: ReturnType<typeof createFindings>['note'],
): Promise<void> {
  const { runtime } = asMapping(asMapping(raw)['sandbox']);
  const text = socket && isText(runtime) ? await askDocker(socket, '/info') : undefined;
  if (!isText(runtime) || text === undefined) return;
  const { Runtimes = {} } = JSON.parse(text) as { readonly Runtimes?: Readonly<Record<string, unknown>> };
  if (Object.hasOwn(Runtimes, runtime)) return;
  const known = Object.keys(Runtimes).join(', ');
  note(
    ['sandbox', 'runtime'],
    `names ${runtime}, which the Docker engine does not know (it has ${known}); name it in the engine's daemon.json under "runtimes"`,
  );
}

/** The engine that runs now, our own included. One that `resident up` would start first is asked by the incident itself. */
async function findSocket({ env, cacheFolder }: World): Promise<string | undefined> {
  const address = (await lookForEngine({ env, cacheFolder }))?.address;
  return address?.startsWith('unix://') ? address.slice('unix://'.length) : undefined;
}
